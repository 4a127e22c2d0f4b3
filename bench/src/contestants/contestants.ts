import { fileURLToPath } from 'node:url';
import type { WireName } from '../load/wires.js';

/**
 * Who runs. Every contestant is a Node process that names its address first, takes a batch at `POST /v1/publish`, ends at SIGTERM,
 * and differs otherwise only in how its readers are greeted.
 */

export interface Contestant {
  readonly name: string;
  /** How readers talk to it; nothing: it has none. */
  readonly wire?: WireName;
  args(context: ServerContext): string[];
}

interface ServerContext {
  /** Its own, empty, removed afterwards. */
  readonly folder: string;
  /** The bytes of one tick each, for who needs to be told. */
  readonly templates: readonly Buffer[];
}

const program = (name: string) => fileURLToPath(new URL(`../../dist/contestants/${name}.js`, import.meta.url));

const templateArgs = (templates: readonly Buffer[]) => templates.map((template) => `--template=${template.toString('base64')}`);

export const BARE: Contestant = {
  name: 'bare',
  wire: 'bare',
  args: ({ templates }) => [program('bare-server'), ...templateArgs(templates)],
};

export const SOCKET_IO: Contestant = {
  name: 'socket.io',
  wire: 'socket.io',
  args: () => [program('socket-io-server')],
};

export const RESTANTE: Contestant = {
  name: 'restante',
  wire: 'restante',
  args: ({ folder }) => [
    fileURLToPath(new URL('../../../services/restante/bin/restante.js', import.meta.url)),
    'start',
    '--port=0',
    '--drain-ms=0ms',
    `--backend=lmdb:${folder}`,
  ],
};

/** Publishing only. */
export const FASTIFY: Contestant = { name: 'fastify', args: () => [program('fastify-server')] };

/** Only for the test that a lost message is noticed. */
export const DROPPING: Contestant = {
  name: 'dropping',
  wire: 'bare',
  args: ({ templates }) => [program('dropping-server'), ...templateArgs(templates)],
};
