import { type MemoryLog, openMemoryBackend } from '@restante/backend/memory';
import { Namespaces, REST_LOG } from '@restante/protocol';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import type { HttpDeps } from '../src/context.js';
import { createHttp, type Http } from '../src/create-http.js';

/** The routes over memory logs, as tests of every file use them. */

export interface Fixture extends Http {
  readonly logs: ReadonlyMap<string, MemoryLog>;
  /** The first of them. */
  readonly log: MemoryLog;
  /** Moves the clock that gives entries their time. */
  readonly advance: (ms: number) => void;
  readonly get: (url: string, headers?: Readonly<Record<string, string>>) => Promise<LightMyRequestResponse>;
  readonly post: (url: string, body: string | Buffer, headers?: Readonly<Record<string, string>>) => Promise<LightMyRequestResponse>;
  readonly inject: (options: InjectOptions) => Promise<LightMyRequestResponse>;
}

const PUBLIC = { read: 'public', publish: 'public' } as const;

export type FixtureOptions = Partial<HttpDeps> & {
  /** By namespace; default: `*`, public. */
  readonly policies?: HttpDeps['policies'];
  readonly historyBytes?: number;
};

export async function httpFixture({ historyBytes, ...deps }: FixtureOptions = {}): Promise<Fixture> {
  let now = 1_700_000_000_000;
  const policies = deps.policies ?? new Map([['*', PUBLIC]]);
  const backend = openMemoryBackend({ now: () => now });
  const logs = new Map<string, MemoryLog>();
  for (const name of policies.keys()) {
    const log = name === '*' ? REST_LOG : name;
    logs.set(log, await backend.openLog(log, { idWindowMs: 600_000, ...(historyBytes && { bytes: historyBytes }) }));
  }
  const http = createHttp({ namespaces: new Namespaces(policies.keys()), logs, policies, version: '0.0.0', region: 'test', ...deps });
  const [log] = logs.values();
  if (log === undefined) throw new Error('a fixture has at least one namespace');
  // Fastify's own begins a request only when it is awaited.
  const inject = async (options: InjectOptions): Promise<LightMyRequestResponse> => http.app.inject(options);
  return {
    ...http,
    logs,
    log,
    advance: (ms) => {
      now += ms;
    },
    inject,
    get: (url, headers = {}) => inject({ method: 'GET', url, headers }),
    post: (url, payload, headers = {}) => inject({ method: 'POST', url, payload, headers }),
  };
}

/** A fixture whose namespaces are all public. */
export function publicNamespaces(...names: readonly string[]): HttpDeps['policies'] {
  return new Map(names.map((name) => [name, PUBLIC]));
}

/** The bodies of a page's messages, whatever they are called. */
export function bodiesIn(response: LightMyRequestResponse): unknown[] {
  const page: { messages: { data?: unknown; text?: string; base64?: string }[] } = response.json();
  return page.messages.map(({ data, text, base64 }) => data ?? text ?? base64);
}
