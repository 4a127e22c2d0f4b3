/** The nats-server binaries that the tests run on: found or fetched by `scripts/provide.mjs`, once in a process. */

const SCRIPT = new URL('../../../../scripts/provide.mjs', import.meta.url).href;

const TOOLS = { newest: 'nats-server', oldest: 'nats-server-2.9' } as const;

/** `oldest` is the oldest that Restante works with. */
export type NatsVersion = keyof typeof TOOLS;

export const NATS_VERSIONS = Object.keys(TOOLS) as readonly NatsVersion[];

const provided = new Map<NatsVersion, Promise<string>>();

/** @throws saying what to install, where there is none and none can be had */
export function natsBinary(version: NatsVersion): Promise<string> {
  const path = provided.get(version) ?? askScript(version);
  provided.set(version, path);
  return path;
}

async function askScript(version: NatsVersion): Promise<string> {
  const script = (await import(SCRIPT)) as { provide(name: string): Promise<{ path: string }> };
  const { path } = await script.provide(TOOLS[version]);
  return path;
}
