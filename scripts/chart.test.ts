import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../packages/runtime/src/config/index.js';
import { provideHelm } from './deploy/helm.js';

/** What the chart makes of its values, by Helm itself: Kubernetes' objects as they should be, and a configuration that Restante takes. */

const CHART = fileURLToPath(new URL('../k8s/chart', import.meta.url));
const VALUES = fileURLToPath(new URL('../k8s/values', import.meta.url));
const ROLES = ['edge', 'router', 'gateway'] as const;
/** After draining, each of admin server, backend and service may take 5 s to close, and draining 1 s more than it was asked to. */
const CLOSING_SECONDS = 16;
const FETCHING_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'restante-chart-'));
let helm: string;

beforeAll(async () => {
  helm = await provideHelm();
}, FETCHING_MS);
afterAll(() => rmSync(folder, { recursive: true }));

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly livenessProbe: { readonly httpGet: object };
  readonly readinessProbe: { readonly httpGet: object };
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly securityContext: object;
  readonly resources: { readonly requests?: object };
}

interface PodSpec {
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly secret?: object; readonly configMap?: { readonly name: string } }[];
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: object;
}

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels: object };
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec };
    readonly ports: readonly { readonly targetPort: string }[];
  };
}

class Rendered {
  readonly objects: readonly KubernetesObject[];

  constructor(args: readonly string[]) {
    const text = execFileSync(helm, ['template', 'night', CHART, ...args], { encoding: 'utf8' });
    this.objects = parseAllDocuments(text).map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as KubernetesObject;
    });
  }

  names(kind: string): string[] {
    return this.objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
  }

  find(kind: string, name: string): KubernetesObject {
    const found = this.objects.find((object) => object.kind === kind && object.metadata.name === name);
    if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
    return found;
  }

  pod(role: string): PodSpec {
    return this.find('Deployment', `night-restante-${role}`).spec.template.spec;
  }

  get configText(): string {
    return this.find('ConfigMap', 'night-restante').data?.['restante.yaml'] ?? '';
  }
}

const files = readdirSync(VALUES);
const sets: [string, string[]][] = [
  ['its defaults', []],
  ...files.map((file): [string, string[]] => [file, ['--values', join(VALUES, file)]]),
];

describe.each(sets)('with %s', (_, args) => {
  it('passes lint, warnings too', () => {
    const { status, stdout } = spawnSync(helm, ['lint', '--strict', CHART, ...args], { encoding: 'utf8' });
    expect({ status, stdout }).toMatchObject({ status: 0 });
  });

  it('has a Deployment and a budget of disruptions for every role, and a Service for those that clients talk to', () => {
    const rendered = new Rendered(args);
    const all = ROLES.map((role) => `night-restante-${role}`);
    expect(rendered.names('Deployment').toSorted()).toEqual(all.toSorted());
    expect(rendered.names('PodDisruptionBudget').toSorted()).toEqual(all.toSorted());
    expect(rendered.names('Service').toSorted()).toEqual(['night-restante-edge', 'night-restante-gateway']);
    for (const name of all) {
      const { selector, template } = rendered.find('Deployment', name).spec;
      expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    }
  });

  it('asks /healthz and /readyz on the admin port that the configuration names', () => {
    const rendered = new Rendered(args);
    const { adminPort, port } = parse(rendered.configText) as { adminPort: number; port: number };
    for (const role of ROLES) {
      const [container] = rendered.pod(role).containers;
      expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'admin' });
      expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'admin' });
      const serving = role === 'router' ? [] : [{ name: 'http', containerPort: port }];
      expect(container.ports).toEqual([...serving, { name: 'admin', containerPort: adminPort }]);
      expect(container.args).toEqual([role]);
    }
  });

  it('gives a pod the time to leave its Service, to send its clients away, and to close', () => {
    const rendered = new Rendered(args);
    const { config } = load(rendered);
    for (const role of ROLES) {
      const { terminationGracePeriodSeconds, containers } = rendered.pod(role);
      const leavingSeconds = containers[0].lifecycle.preStop.sleep.seconds;
      expect(leavingSeconds).toBeGreaterThan(0);
      expect(terminationGracePeriodSeconds).toBeGreaterThan(leavingSeconds + config.drainMs / 1_000 + CLOSING_SECONDS);
    }
  });

  it('runs as nobody in particular, with nothing to write to', () => {
    const rendered = new Rendered(args);
    for (const role of ROLES) {
      const { securityContext, containers } = rendered.pod(role);
      expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(containers[0].resources.requests).toBeDefined();
    }
  });

  it('holds no secret, and mounts what it names', () => {
    const rendered = new Rendered(args);
    expect(rendered.names('Secret')).toEqual([]);
    for (const role of ROLES) {
      const { containers, volumes } = rendered.pod(role);
      expect(containers[0].volumeMounts.map(({ name }) => name).toSorted()).toEqual(volumes.map(({ name }) => name).toSorted());
      expect(volumes[0]).toEqual({ name: 'config', configMap: { name: 'night-restante' } });
    }
  });

  it('writes a configuration that Restante takes, without a warning', () => {
    const { config, warnings } = load(new Rendered(args));
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({ backend: { kind: 'nats' }, host: '0.0.0.0', open: false });
  });
});

/** As the pods load it. What Secrets hold lies in files of the test's. */
function load(rendered: Rendered, env: Record<string, string> = {}): ReturnType<typeof loadConfig> {
  const ca = join(folder, 'ca.crt');
  writeFileSync(ca, '-----BEGIN CERTIFICATE-----');
  const file = join(folder, 'restante.yaml');
  writeFileSync(file, rendered.configText.replace('/etc/restante/tls/ca.crt', ca));
  return loadConfig({ file, env, flags: new Map() });
}

describe('who a pod is for NATS', () => {
  const SEED = `SU${'A'.repeat(56)}`;
  const CREDENTIALS = '-----BEGIN NATS USER JWT-----';

  it.each([
    ['password', 'edge', 'edge-password', 'p', { user: 'edge', password: 'p' }],
    ['token', 'router', 'token', 't', { token: 't' }],
    ['nkeySeed', 'gateway', 'gateway-seed', SEED, { nkeySeed: SEED }],
    ['credentials', 'edge', 'edge.creds', CREDENTIALS, { credentials: CREDENTIALS }],
  ])('is told by %s', (kind, role, key, held, login) => {
    const rendered = new Rendered(['--set', `nats.auth.kind=${kind}`, '--set', 'nats.auth.secretName=s']);
    const { containers, volumes } = rendered.pod(role);
    expect(volumes.find(({ name }) => name === 'login')?.secret).toEqual({ secretName: 's', items: [{ key, path: 'login' }] });
    const path = join(folder, 'login');
    writeFileSync(path, held);
    const env = containers[0].env.map(({ name, value }) => [name, value === '/etc/restante/nats/login' ? path : value]);
    expect(load(rendered, Object.fromEntries(env))).toMatchObject({ config: { backend: { login } }, warnings: [] });
  });
});

it('lets an autoscaler alone say how many edges there are', () => {
  const rendered = new Rendered(['--set', 'edge.autoscaling.enabled=true']);
  expect(rendered.names('HorizontalPodAutoscaler')).toEqual(['night-restante-edge']);
  expect(rendered.find('Deployment', 'night-restante-edge').spec.replicas).toBeUndefined();
  expect(rendered.find('Deployment', 'night-restante-router').spec.replicas).toBe(2);
});

it.each([
  ['a login in the address of NATS', ['--set', 'nats.urls[0]=nats://me:secret@nats:4222']],
  ['a setting that is the chart’s', ['--set', 'config.port=1']],
  ['no namespaces', ['--set', 'config.namespaces=null']],
  ['a value that it does not know', ['--set', 'edges.replicas=1']],
  ['a kind of login without its Secret', ['--set', 'nats.auth.kind=token']],
])('refuses %s', (_, args) => {
  expect(spawnSync(helm, ['template', 'night', CHART, ...args], { stdio: 'ignore' }).status).not.toBe(0);
});
