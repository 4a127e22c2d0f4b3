import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeWaiting } from '../testing/fake-waiting.js';
import { type Fixture, type FixtureOptions, httpFixture } from '../testing/fixture.js';

const open: { close: () => unknown }[] = [];

async function listening(options: FixtureOptions = {}): Promise<Fixture & { readonly port: number }> {
  return listenAt(await httpFixture(options));
}

async function listenAt(fixture: Fixture): Promise<Fixture & { readonly port: number }> {
  await fixture.app.listen({ host: '127.0.0.1', port: 0 });
  open.push(fixture.app);
  return { ...fixture, port: (fixture.app.server.address() as AddressInfo).port };
}

/** A raw connection, and all that came from it. */
class Peer {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  received = '';

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1').setEncoding('latin1');
    this.socket.on('data', (chunk: string) => {
      this.received += chunk;
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    open.push({ close: () => this.socket.destroy() });
  }

  send(text: string): this {
    this.socket.write(text);
    return this;
  }

  problem(): { code: string; status: number } {
    return JSON.parse(this.received.slice(this.received.indexOf('\r\n\r\n') + 4));
  }
}

const connections = (fixture: Fixture) => new Promise<number>((resolve) => fixture.app.server.getConnections((_, count) => resolve(count)));

afterEach(async () => {
  for (const { close } of open.splice(0).reverse()) await close();
});

describe('connections', () => {
  it.each([
    ['headers that do not end', 'POST /v1/mailboxes/a HTTP/1.1\r\nHost: x\r\n'],
    ['a body that does not end', 'POST /v1/mailboxes/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'],
  ])('end with 408 for %s', async (_, text) => {
    const { port, log } = await listening({ timeouts: { headersMs: 50, requestMs: 100 } });
    const peer = new Peer(port).send(text);
    await peer.closed;
    expect(peer.received).toMatch(/^HTTP\/1\.1 408 /);
    expect(peer.problem()).toMatchObject({ code: 'REQUEST_TIMEOUT', retryable: true });
    expect((await log.state()).head).toBe(0);
  });

  it.each([
    ['what is no HTTP', 'hello\r\n\r\n', 400, 'REQUEST_INVALID'],
    ['headers over their limit', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
    ['two lengths', 'POST /v1/mailboxes/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400, 'REQUEST_INVALID'],
  ])('end with a problem for %s', async (_, text, status, code) => {
    const { port, log } = await listening();
    const peer = new Peer(port).send(text);
    await peer.closed;
    expect(peer.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(peer.problem()).toMatchObject({ code, status });
    expect((await log.state()).head).toBe(0);
  });

  const CHUNK = `7d0\r\n${'x'.repeat(2_000)}\r\n`;
  it.each([
    [
      'a body that says it is too large',
      '/v1/mailboxes/a',
      'Content-Length: 4000',
      'x'.repeat(3_000),
      'x'.repeat(1_000),
      'MESSAGE_TOO_LARGE',
    ],
    ['a batch that says it is too large', '/v1/publish', 'Content-Length: 4000', 'x'.repeat(3_000), 'x'.repeat(1_000), 'BATCH_TOO_LARGE'],
    ['a body that turns out too large', '/v1/mailboxes/a', 'Transfer-Encoding: chunked', CHUNK, `${CHUNK}0\r\n\r\n`, 'MESSAGE_TOO_LARGE'],
  ])('answer %s at once, and outlive the rest of it', async (_, path, length, part, rest, code) => {
    const { port, log } = await listening({ limits: { messageBytesMax: 1_000, batchBytesMax: 2_000 } });
    const peer = new Peer(port).send(`POST ${path} HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n${part}`);
    await vi.waitFor(() => expect(peer.received).toContain(code));
    expect(peer.received).toMatch(/^HTTP\/1\.1 413 /);
    peer.send(`${rest}GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await peer.closed;
    expect(peer.received).toContain('HTTP/1.1 200 OK');
    expect((await log.state()).head).toBe(0);
  });

  it.each([
    ['comes without end', true, 'POST /v1/mailboxes/a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n'],
    ['nobody wanted comes without end', true, 'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n'],
    ['does not come', false, 'POST /v1/mailboxes/a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n'],
  ])('are answered once and then closed where a body that %s', async (_, sends, head) => {
    const fixture = await listening(sends ? {} : { timeouts: { headersMs: 50, requestMs: 100 } });
    const peer = new Peer(fixture.port).send(head);
    const piece = 'x'.repeat(1024 * 1024);
    const more = (): unknown => peer.socket.destroyed || peer.socket.write(piece, more);
    if (sends) more();
    else await vi.waitFor(() => expect(peer.received).toContain('MESSAGE_TOO_LARGE'));
    await peer.closed;
    expect(peer.received.match(/HTTP\/1\.1 \d+/g)).toHaveLength(1);
    await vi.waitFor(async () => expect(await connections(fixture)).toBe(0));
  });

  it('refuse bodies while too many are being received, and take them again afterwards', async () => {
    const { port, post } = await listening({ limits: { requestBytesMax: 1_500 } });
    const half = `POST /v1/mailboxes/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2000\r\n\r\n${'x'.repeat(1_000)}`;
    const slow = new Peer(port).send(half);
    const refused = await vi.waitFor(async () => {
      const response = await post('/v1/mailboxes/b', 'y'.repeat(1_000));
      expect(response.statusCode).toBe(503);
      return response;
    });
    expect(refused.json()).toMatchObject({ code: 'OVERLOADED', retryable: true });
    slow.socket.destroy();
    await vi.waitFor(async () => expect((await post('/v1/mailboxes/b', 'y'.repeat(1_000))).statusCode).toBe(201));
  });

  it('refuse a request without Host where Host matters', async () => {
    const { port } = await listening({ open: true });
    const peer = new Peer(port).send('GET /v1/mailboxes/a HTTP/1.0\r\n\r\n');
    await peer.closed;
    expect(peer.problem().code).toBe('HOST_REFUSED');
  });

  it('answer pipelined requests in their order, and store them in it (I2)', async () => {
    const { port, log } = await listening();
    const drop = (id: number) => `POST /v1/mailboxes/a HTTP/1.1\r\nHost: x\r\nIdempotency-Key: ${id}\r\nContent-Length: 1\r\n\r\n${id}`;
    const peer = new Peer(port).send([1, 2, 3].map(drop).join('') + 'GET /v1/mailboxes/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await peer.closed;
    expect([...peer.received.matchAll(/"seq":(\d)/g)].map(([, seq]) => seq)).toEqual(['1', '2', '3']);
    expect((await log.state()).head).toBe(3);
  });

  it('do not mix the answer to a whole request with what follows it', async () => {
    const waiting = new FakeWaiting();
    const { port } = await listening({ waiting });
    const peer = new Peer(port).send('GET /v1/mailboxes/a?wait=30 HTTP/1.1\r\nHost: x\r\n\r\n');
    await vi.waitFor(() => expect(waiting.calls.length).toBe(1));
    peer.send('garbage\r\n\r\n');
    await peer.closed;
    expect(peer.received).toBe('');
  });

  it('end a wait when the client goes away', async () => {
    const waiting = new FakeWaiting();
    const { port, context } = await listening({ waiting });
    const peer = new Peer(port).send('GET /v1/mailboxes/a?wait=30 HTTP/1.1\r\nHost: x\r\n\r\n');
    await vi.waitFor(() => expect(waiting.calls.length).toBe(1));
    expect(context.waits?.count).toBe(1);
    peer.socket.destroy();
    await vi.waitFor(() => expect(waiting.calls[0]?.signal.aborted).toBe(true));
    expect(context.waits?.count).toBe(0);
  });

  it('have nobody wait behind another answer: such a request is answered at once', async () => {
    const waiting = new FakeWaiting();
    const { port, context } = await listening({ waiting });
    const peer = new Peer(port).send('GET /v1/mailboxes/a?wait=30 HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100));
    await vi.waitFor(() => expect(waiting.calls.length).toBe(1));
    expect(context.waits?.count).toBe(1);
    waiting.arrive();
    peer.socket.destroy();
    await vi.waitFor(() => expect(context.waits?.count).toBe(0));
  });

  it('end with their next answer when the server leaves, and with that of a wait at once', async () => {
    const waiting = new FakeWaiting();
    const { port, leave } = await listening({ waiting });
    const [kept, waits] = [new Peer(port), new Peer(port)];
    kept.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    waits.send('GET /v1/mailboxes/a?wait=30 HTTP/1.1\r\nHost: x\r\n\r\n');
    await vi.waitFor(() => expect([kept.received !== '', waiting.calls.length]).toEqual([true, 1]));
    leave();
    await waits.closed;
    expect(waits.received).toMatch(/^HTTP\/1\.1 200 .*\r\nconnection: close\r\n.*"messages":\[\]/is);
    kept.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await kept.closed;
    expect(kept.received).toMatch(/200 OK.*200 OK\r\nconnection: close\r\n/is);
  });

  it('do not keep the server when they carry no request, half of one, or half of another', async () => {
    const { app, port } = await listening();
    const [silent, half, again] = [new Peer(port), new Peer(port), new Peer(port)];
    half.send('GET /healthz HTTP/1.1\r\nHost');
    again.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost');
    await vi.waitFor(() => expect(again.received).toContain('200 OK'));
    await app.close();
    await Promise.all([silent.closed, half.closed, again.closed]);
    expect(silent.received + half.received).toBe('');
  });

  it('keep the server that closes until each has the answer that it is owed, and no longer', async () => {
    const fixture = await httpFixture();
    const answers: (() => void)[] = [];
    fixture.app.get('/slow', async () => new Promise((resolve) => answers.push(() => resolve('done'))));
    const { port } = await listenAt(fixture);
    const [silent, slow, gone] = [new Peer(port), new Peer(port), new Peer(port)];
    for (const peer of [slow, gone]) peer.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2));
    await vi.waitFor(() => expect(answers.length).toBe(4));
    const closed = vi.fn();
    const closing = fixture.app.close().then(closed);
    gone.socket.destroy();
    await gone.closed;
    expect(closed).not.toHaveBeenCalled();
    for (const answer of answers) answer();
    await closing;
    await Promise.all([silent.closed, slow.closed]);
    expect(slow.received.match(/200 OK/g)).toHaveLength(2);
  });

  it('may end in the middle of a page, and nobody else notices', async () => {
    const faults: unknown[] = [];
    const fixture = await listening({ faults: { error: (details) => faults.push(details) } });
    const { port, post, get } = fixture;
    for (const _ of [1, 2]) await post('/v1/mailboxes/a', 'x'.repeat(500_000));
    const peers = Array.from({ length: 20 }, () => new Peer(port).send('GET /v1/mailboxes/a HTTP/1.1\r\nHost: x\r\n\r\n'));
    await Promise.all(
      peers.map(async ({ socket, closed }) => {
        socket.once('data', () => socket.resetAndDestroy());
        await closed;
      }),
    );
    await vi.waitFor(async () => expect(await connections(fixture)).toBe(0));
    expect((await get('/v1/mailboxes/a')).statusCode).toBe(200);
    expect(faults).toEqual([]);
  });

  it('end when a client takes nothing of what it asked for', async () => {
    const fixture = await listening({ timeouts: { stalledMs: 100 } });
    const { port, post } = fixture;
    for (const _ of [1, 2]) await post('/v1/mailboxes/a', 'x'.repeat(500_000));
    const peer = new Peer(port);
    peer.socket.pause();
    // Far more than the buffers of both ends hold.
    peer.send('GET /v1/mailboxes/a HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(30));
    await vi.waitFor(async () => expect(await connections(fixture)).toBe(1));
    await vi.waitFor(async () => expect(await connections(fixture)).toBe(0), { timeout: 10_000 });
  });
});
