import { MAILBOX } from './mailbox.js';

/**
 * How a reader greets each kind of server until messages flow, and what it must answer afterwards to stay connected.
 * Says nothing about messages: those are found by their marker, whatever surrounds them.
 */

export interface Reply {
  /** Text to send. */
  readonly send?: string;
  /** Messages published from now on must arrive. */
  readonly ready?: boolean;
  /** The server refused. */
  readonly fault?: string;
}

export interface Wire {
  readonly path: string;
  opened(): Reply;
  /** A text frame without messages. */
  text(text: string): Reply;
}

const NOTHING: Reply = {};
const READY: Reply = { ready: true };

const bare: Wire = { path: '/v1/socket', opened: () => READY, text: () => NOTHING };

const restante: Wire = {
  path: '/v1/socket',
  opened: () => ({ send: JSON.stringify({ type: 'subscribe', ref: 'r', mailbox: MAILBOX }) }),
  text(text) {
    if (text.startsWith('{"type":"live"')) return READY;
    if (text.startsWith('{"type":"error"')) return { fault: text };
    return NOTHING;
  },
};

const socketIo: Wire = {
  path: '/socket.io/?EIO=4&transport=websocket',
  opened: () => NOTHING,
  text(text) {
    if (text.startsWith('0')) return { send: '40' };
    if (text.startsWith('40')) return READY;
    if (text === '2') return { send: '3' };
    return { fault: text };
  },
};

export const WIRES = { bare, restante, 'socket.io': socketIo } as const;

export type WireName = keyof typeof WIRES;
