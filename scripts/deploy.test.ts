import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, parseDocument } from 'yaml';
import { loadConfig } from '../packages/runtime/src/config/index.js';

/** What can be checked of `deploy/` without containers: that its files fit each other, the command, and the configuration. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DEPLOY = join(ROOT, 'deploy');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly deploy?: { readonly replicas: number };
  readonly stop_grace_period?: string;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const composeText = read('deploy/compose.yaml');
const { services, volumes } = parse(composeText, { merge: true }) as Compose;
const all = Object.entries(services);
const ofRestante = all.filter(([, { image }]) => image === 'restante');
const ofNats = all.filter(([, { image }]) => image.startsWith('nats:'));
const haproxy = read('deploy/haproxy.cfg');
/** As it runs: passwords are in place. */
const configOf = ({ environment }: Service): ReturnType<typeof loadConfig> => {
  const env = Object.fromEntries(
    Object.entries(environment ?? {}).map(([name, value]) => [name, value.replaceAll(/\$\{\w+[^}]*\}/g, 'p1')]),
  );
  return loadConfig({ file: join(DEPLOY, 'restante.yaml'), env, flags: new Map() });
};
const variables = (text: string): string[] => [...new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name))].toSorted();

describe('compose.yaml', () => {
  it('is YAML without errors or keys that stand twice', () => {
    expect(parseDocument(composeText, { merge: true, uniqueKeys: true }).errors).toEqual([]);
  });

  it('runs three NATS servers, two routers, three edges, a gateway and a load balancer', () => {
    const counts = Object.fromEntries(all.map(([name, { deploy }]) => [name, deploy?.replicas ?? 1]));
    expect(counts).toEqual({ 'nats-1': 1, 'nats-2': 1, 'nats-3': 1, router: 2, edge: 3, gateway: 1, balancer: 1 });
  });

  it('mounts only what is there, or is a volume of its own', () => {
    const sources = all.flatMap(([, service]) => (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? ''));
    const missing = sources.filter((source) => (source.startsWith('.') ? !existsSync(join(DEPLOY, source)) : !(source in volumes)));
    expect(missing).toEqual([]);
    for (const [, { build }] of ofRestante) expect(existsSync(join(DEPLOY, build?.context ?? '?', build?.dockerfile ?? '?'))).toBe(true);
  });

  it('waits for services that there are', () => {
    expect(ofRestante.flatMap(([, service]) => Object.keys(service.depends_on ?? {})).filter((name) => !(name in services))).toEqual([]);
  });

  it('runs commands that restante has, each as the NATS user of its role', () => {
    const commands = [...read('docs/reference/command.md').matchAll(/^## `restante (\w+)`$/gm)].map(([, command = '']) => command);
    for (const [name, { command, environment }] of ofRestante) {
      expect(command).toEqual([name]);
      expect(commands).toContain(name);
      expect(environment?.['RESTANTE_NATS_USER']).toBe(name);
      expect(read('deploy/nats/accounts.conf')).toContain(`user: ${name}\n`);
    }
  });

  it('listens on this machine alone', () => {
    const published = all.flatMap(([, { ports }]) => ports ?? []);
    expect(published.filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port))).toEqual([]);
  });

  it('asks for the passwords that make-passwords.sh makes, all of them and no others', () => {
    const made = execFileSync('sh', [join(DEPLOY, 'make-passwords.sh')], { encoding: 'utf8' });
    const lines = made
      .trim()
      .split('\n')
      .map((line) => line.split('='));
    expect(lines.map(([name]) => name).toSorted()).toEqual(variables(composeText));
    for (const [, password] of lines) expect(password).toMatch(/^[a-z][a-z\d]{32}$/);
    expect(new Set(lines.map(([, password]) => password)).size).toBe(lines.length);
  });

  it('gives every NATS server a name, and every variable that its configuration reads', () => {
    const needed = ['nats.conf', 'accounts.conf'].flatMap((file) => [...read(`deploy/nats/${file}`).matchAll(/(?<=[\s[])\$(NATS_\w+)/g)]);
    const names = new Set(needed.map(([, name = '']) => name));
    for (const [name, { environment }] of ofNats) {
      expect(new Set(Object.keys(environment ?? {}))).toEqual(names);
      expect(environment?.['NATS_SERVER_NAME']).toBe(name);
    }
    const routes = Object.entries(ofNats[0]?.[1].environment ?? {}).filter(([name]) => name.startsWith('NATS_ROUTE_'));
    expect(routes.map(([, route]) => /@(.+):6222$/.exec(route)?.[1])).toEqual(ofNats.map(([name]) => name));
  });

  it('gives a process more time to end than draining and closing take', () => {
    for (const [, service] of ofRestante) {
      expect(Number(/^(\d+)s$/.exec(service.stop_grace_period ?? '')?.[1]) * 1_000).toBeGreaterThan(
        configOf(service).config.drainMs + 16_000,
      );
    }
  });
});

describe('restante.yaml', () => {
  it.each(ofRestante)('is taken by a %s, without a warning, and names the NATS servers', (name, service) => {
    const { config, warnings } = configOf(service);
    expect(warnings).toEqual([]);
    expect(config.backend).toMatchObject({
      kind: 'nats',
      login: { user: name, password: 'p1' },
      servers: ofNats.map(([server]) => `${server}:4222`),
    });
    expect(config).toMatchObject({ host: '0.0.0.0', open: false });
  });
});

describe('haproxy.cfg', () => {
  const config = configOf(services['edge'] ?? { image: 'restante' }).config;

  it('listens where compose publishes it, and sends to the ports of restante.yaml', () => {
    const bound = [...haproxy.matchAll(/^ {2}bind :(\d+)$/gm)].map(([, port]) => port);
    expect(services['balancer']?.ports?.map((port) => port.split(':')[2])).toEqual(bound);
    const targets = [...haproxy.matchAll(/^ {2}server-template \w+ \d+ (\w+):(\d+)$/gm)].map(([, host, port]) => [host, Number(port)]);
    expect(targets).toEqual([
      ['edge', config.port],
      ['gateway', config.port],
    ]);
    expect(haproxy).toContain(`check port ${config.adminPort} `);
  });

  it('waits longer than any quiet connection is quiet', () => {
    const longPollMs = 60_000;
    for (const timeout of ['client', 'server', 'tunnel']) {
      const seconds = Number(new RegExp(`^ {2}timeout ${timeout} (\\d+)s$`, 'm').exec(haproxy)?.[1]);
      expect(seconds * 1_000).toBeGreaterThan(Math.max(longPollMs, 2 * config.heartbeatMs));
    }
  });

  it('sticks nowhere, and repeats nothing that an edge may have done', () => {
    expect(haproxy).not.toMatch(/^ *(cookie|stick|balance source|appsession)/m);
    expect([...haproxy.matchAll(/^ *retry-on (.*)$/gm)].map(([, events]) => events)).toEqual(['conn-failure']);
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('deploy/Dockerfile');
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM'));

  it('runs restante, as nobody in particular', () => {
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^ENTRYPOINT \["restante"\]$/m);
    expect(last).toContain('services/restante/bin/restante.js /usr/local/bin/restante');
  });

  it('is given every file of this repository that it copies', () => {
    const sources = [...dockerfile.matchAll(/cp -r --parents (.+) \/opt/g)].flatMap(([, list = '']) => list.split(' '));
    const given = read('deploy/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter((source) => !given.some((path) => source === path || source.startsWith(`${path}/`)))).toEqual([]);
    expect(given.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('holds no secret', () => {
    expect(dockerfile).not.toMatch(/^(ENV|ARG) .*(PASSWORD|TOKEN|SEED|SECRET)/im);
  });
});
