import { describe, expect, it, vi } from 'vitest';
import { ModelClock } from '../testing/model-clock.js';
import { ModelNetwork } from '../testing/model-network.js';
import { ModelServer } from '../testing/model-server.js';
import { Client } from './client.js';
import { type RequestError, connect } from './index.js';
import type { ConnectOptions, WebSocketConstructor, WebSocketLike } from './options.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function open(options: ConnectOptions = {}) {
  const server = new ModelServer();
  const network = new ModelNetwork(server);
  const clock = new ModelClock(() => 0.5);
  const asked: { readonly url: string; readonly init: RequestInit }[] = [];
  const fetch: typeof globalThis.fetch = (url, init = {}) => {
    asked.push({ url: url as string, init });
    return network.fetch(url, init);
  };
  const client = new Client(['http://one/'], { webSocket: network.webSocket, fetch, ...options }, clock);
  const calm = async (): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      network.deliver(i);
      await settle();
    }
  };
  return { server, network, clock, client, calm, asked };
}

/** A WebSocket of which the test is the other side. */
function heldSocket() {
  const sent: string[] = [];
  const listeners: Record<string, (event: never) => void> = {};
  class Held implements WebSocketLike {
    addEventListener(type: string, listener: (event: never) => void): void {
      listeners[type] = listener;
    }
    send(data: string): void {
      sent.push(data);
    }
    close(): void {
      sent.push('close');
    }
  }
  const say = (frame: object): void => listeners['message']?.({ data: JSON.stringify(frame) } as never);
  const hello = {
    type: 'hello',
    version: '0',
    region: 'local',
    heartbeatMs: 15_000,
    limits: { frameBytes: 100, messageBytes: 1, subscriptions: 1 },
  };
  return {
    Held: Held as WebSocketConstructor,
    sent,
    say,
    hello: () => say(hello),
    end: (code: number) => listeners['close']?.({ code } as never),
  };
}

describe('a client', () => {
  it('refuses to begin without an address, with one that is none, or without a transport', () => {
    expect(() => connect([])).toThrow('needs the address');
    expect(() => connect('nowhere')).toThrow('Invalid URL');
    expect(() => open({ transports: [] })).toThrow('no transport');
  });

  it('passes over WebSockets where there is no such class', async () => {
    vi.stubGlobal('WebSocket', undefined);
    const { client, asked } = open({ webSocket: undefined, transports: ['websocket', 'sse'] });
    vi.unstubAllGlobals();
    expect(client.state).toEqual({ state: 'connecting' });
    await settle();
    expect(asked[0]?.url).toBe('http://one/healthz');
  });

  it('says when it will try again, and tries then', async () => {
    const { client, clock, network, calm } = open();
    network.isDown = true;
    network.cut();
    await calm();
    const states: string[] = [];
    client.on('state', ({ state }) => states.push(state));
    expect(client.state).toEqual({ state: 'waiting', retryAt: clock.now() + 500 });
    network.isDown = false;
    await clock.pass(500, settle);
    await calm();
    expect([client.state.state, states]).toEqual(['open', ['connecting', 'open']]);
  });

  it.each([4_500, 1_002, 1_003, 1_007, 1_010])('stays away after %i, and what was under way is told', async (code) => {
    const { Held, hello, end } = heldSocket();
    const { client } = open({ webSocket: Held, transports: ['websocket'] });
    hello();
    await settle();
    const iterator = client.subscribe('/a/1')[Symbol.asyncIterator]().next();
    const publishing = client.publish('/a/1', 1);
    await settle();
    end(code);
    expect(client.state).toEqual({ state: 'closed', code });
    await expect(iterator).rejects.toMatchObject({ code: `${code}` });
    await expect(publishing).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it.each([1_000, 1_001, 1_006, 1_011, 4_000, 4_499])('comes back after %i', async (code) => {
    const { Held, hello, end } = heldSocket();
    const { client } = open({ webSocket: Held, transports: ['websocket'] });
    hello();
    await settle();
    end(code);
    expect(client.state.state).toBe('waiting');
  });

  it('sends its token in the first frame, and in the headers of its requests', async () => {
    const { Held, sent, hello } = heldSocket();
    const { client, asked } = open({ webSocket: Held, token: () => 'secret' });
    client.subscribe('/a/1');
    hello();
    await settle();
    expect(sent.map((frame) => (JSON.parse(frame) as { type: string }).type)).toEqual(['token', 'subscribe']);
    expect(sent[0]).toContain('"token":"secret"');
    void client.read('/a/1');
    await settle();
    expect(asked.at(-1)?.init.headers).toMatchObject({ authorization: 'Bearer secret' });
  });

  it('reads a page as the server gives it', async () => {
    const page = { messages: [], next: 'a.abcdefgh.0', complete: true };
    const { client } = open({ fetch: async () => Response.json(page) });
    await expect(client.read('/a/1', { last: 50 })).resolves.toEqual(page);
    await client.close();
  });

  it('publishes over the connection what a frame can hold, and over HTTP what is larger or not JSON', async () => {
    const { Held, sent, hello } = heldSocket();
    const { client, asked } = open({ webSocket: Held });
    hello();
    await settle();
    void client.publish('/a/1', 'small', { id: 'x' });
    void client.publish('/a/2', 'ü'.repeat(60), { id: 'y' });
    void client.publish('/a/3', 'text', { id: 'z', contentType: 'text/plain' });
    await settle();
    expect(sent.map((frame) => JSON.parse(frame))).toEqual([expect.objectContaining({ type: 'publish', mailbox: '/a/1', id: 'x' })]);
    expect(asked.map(({ url, init }) => [url, init.headers, init.body])).toEqual([
      ['http://one/v1/mailboxes/a/2', { 'content-type': 'application/json', 'idempotency-key': 'y' }, JSON.stringify('ü'.repeat(60))],
      ['http://one/v1/mailboxes/a/3', { 'content-type': 'text/plain', 'idempotency-key': 'z' }, 'text'],
    ]);
  });

  it('repeats under the same id what was not answered, and keeps the order of a mailbox', async () => {
    const { Held, sent, say, hello } = heldSocket();
    const { client, clock } = open({ webSocket: Held });
    hello();
    await settle();
    const publishing = [client.publish('/a/1', 1), client.publish('/a/1', 2)];
    await settle();
    const frames = () => sent.map((frame) => JSON.parse(frame) as { ref: string; id: string; data: number });
    say({ type: 'error', ref: frames()[0]?.ref, code: 'LOG_UNAVAILABLE', message: 'away', retryable: true, retryAfterMs: 100 });
    await settle();
    expect(sent).toHaveLength(1);
    await clock.pass(400, settle);
    expect(frames().map(({ data }) => data)).toEqual([1, 1]);
    expect(frames()[1]?.id).toBe(frames()[0]?.id);
    say({ type: 'published', ref: frames()[1]?.ref, cursor: '_.epoch001.1', duplicate: true });
    await expect(publishing[0]).resolves.toEqual({ cursor: '_.epoch001.1', duplicate: true });
    await settle();
    expect(frames().map(({ data }) => data)).toEqual([1, 1, 2]);
  });

  it('does not repeat what was refused, nor keep more than a bounded number', async () => {
    const { Held, sent, say, hello } = heldSocket();
    const { client } = open({ webSocket: Held });
    hello();
    await settle();
    const refused = client.publish('/a/1', 1);
    await settle();
    say({ type: 'error', ref: (JSON.parse(sent[0] ?? '') as { ref: string }).ref, code: 'FORBIDDEN', message: 'no', retryable: false });
    await expect(refused).rejects.toMatchObject({ name: 'RequestError', code: 'FORBIDDEN', retryable: false });
    const many = Array.from({ length: 1_001 }, (_, n) => client.publish('/a/1', n).catch((error: RequestError) => error.code));
    await expect(many.at(-1)).resolves.toBe('PUBLISHES_TOO_MANY');
    await client.close();
    await expect(many[0]).resolves.toBe('CLOSED');
    await expect(client.publish('/a/1', 1)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('gives up a publish when it is told to', async () => {
    const { Held, hello } = heldSocket();
    const { client } = open({ webSocket: Held });
    hello();
    await settle();
    const stop = new AbortController();
    const publishing = client.publish('/a/1', 1, { signal: stop.signal });
    await settle();
    stop.abort(new Error('enough'));
    await expect(publishing).rejects.toThrow('enough');
  });

  it('makes a subscription again from its cursor when its buffer has room, since a WebSocket cannot be paused', async () => {
    const { Held, sent, say, hello } = heldSocket();
    const { client } = open({ webSocket: Held });
    hello();
    await settle();
    const iterator = client.subscribe<number>('/a/*', { after: 'earliest', bufferMessagesMax: 2 })[Symbol.asyncIterator]();
    const message = (seq: number) => ({ mailbox: '/a/1', cursor: `a.epoch001.${seq}`, time: 1, data: seq });
    say({ type: 'subscribed', ref: 's1', cursor: 'a.epoch001.0', complete: true });
    say({ type: 'messages', for: ['s1'], cursor: 'a.epoch001.2', messages: [message(1), message(2)] });
    say({ type: 'messages', for: ['s1'], cursor: 'a.epoch001.3', messages: [message(3)] });
    expect(sent.slice(1).map((frame) => JSON.parse(frame))).toEqual([{ type: 'unsubscribe', ref: 's1' }]);
    expect((await iterator.next()).value?.data).toBe(1);
    expect(JSON.parse(sent.at(-1) ?? '')).toEqual({
      type: 'subscribe',
      ref: 's2',
      mailbox: '/a/*',
      catchUp: 'every',
      after: 'a.epoch001.2',
    });
    say({ type: 'messages', for: ['s2'], cursor: 'a.epoch001.3', messages: [message(3)] });
    expect((await iterator.next()).value?.data).toBe(2);
    expect((await iterator.next()).value?.data).toBe(3);
  });

  it('carries all subscriptions on one stream, from the lowest of their cursors', async () => {
    const { client, server, clock, calm, asked } = open({ transports: ['sse'] });
    server.publish('/a/1', 1, undefined);
    await calm();
    const seen: string[] = [];
    for (const pattern of ['/a/1', '/a/*'])
      client.subscribe(pattern, { after: 'earliest', onMessage: ({ data }) => seen.push(`${pattern} ${String(data)}`) });
    for (let i = 0; i < 5; i++) {
      await calm();
      await clock.pass(10, settle);
    }
    server.publish('/a/1', 2, undefined);
    await calm();
    const streams = asked.filter(({ url }) => url.includes('/v1/stream'));
    expect(streams.at(-1)?.url).toBe('http://one/v1/stream?after=a.aepoch000.1&mailbox=%2Fa%2F1&mailbox=%2Fa%2F*');
    expect(seen.sort()).toEqual(['/a/* 1', '/a/* 2', '/a/1 1', '/a/1 2']);
  });

  it('has at most four long polls under way, and every subscription gets its turn', async () => {
    const { client, server, clock, calm, network } = open({ transports: ['long-poll'] });
    await calm();
    const seen: string[] = [];
    const mailboxes = Array.from({ length: 9 }, (_, i) => `/a/${i}`);
    for (const mailbox of mailboxes) client.subscribe(mailbox, { after: 'earliest', onMessage: (message) => seen.push(message.mailbox) });
    await calm();
    for (const mailbox of mailboxes) server.publish(mailbox, 1, undefined);
    for (let i = 0; i < 20; i++) {
      await calm();
      expect(network.wires).toBeLessThanOrEqual(4);
      await clock.pass(16_000, settle);
    }
    expect(seen.sort()).toEqual(mailboxes);
  });
});
