import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../launch/eventually.js';
import { type FaultProxy, startFaultProxy } from './fault-proxy.js';

describe('the fault proxy', () => {
  let echo: Server;
  let proxy: FaultProxy;
  let client: Socket;
  let received: string;

  beforeEach(async () => {
    echo = createServer((socket) => void socket.on('error', () => socket.destroy()).pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    proxy = await startFaultProxy({ targetPort: (echo.address() as AddressInfo).port });
    received = '';
    client = connect(proxy.port, '127.0.0.1').setEncoding('utf8');
    client.on('data', (text: string) => (received += text)).on('error', () => client.destroy());
  });

  afterEach(async () => {
    client.destroy();
    await proxy.close();
    await new Promise((resolve) => echo.close(resolve));
  });

  it('carries both ways, and ends when its side ends', async () => {
    client.end('hello');
    await eventually('the echo', () => received === 'hello' && client.readableEnded);
  });

  it('delays one direction', async () => {
    proxy.down({ delayMs: 100 });
    const sent = performance.now();
    client.write('late');
    await eventually('the echo', () => received === 'late', { intervalMs: 2 });
    expect(performance.now() - sent).toBeGreaterThanOrEqual(99);
  });

  it('throttles', async () => {
    proxy.down({ bytesPerSecond: 100_000 });
    const sent = performance.now();
    for (let i = 0; i < 4; i++) {
      client.write('x'.repeat(5_000));
      await eventually('some of it', () => received.length >= 5_000 * i + 1);
    }
    await eventually('all of it', () => received.length === 20_000, { intervalMs: 2 });
    expect(performance.now() - sent).toBeGreaterThanOrEqual(100);
  });

  it('stalls without losing, and goes on', async () => {
    proxy.up({ stalled: true });
    const text = 'y'.repeat(8 * 1024 * 1024);
    client.write(text);
    await eventually('a full socket', () => client.writableLength > 0 && proxy.connections === 1);
    expect(received).toBe('');
    proxy.up({ stalled: false });
    await eventually('all of it', () => received.length === text.length);
  });

  it('swallows', async () => {
    proxy.up({ swallowing: true });
    client.write('gone');
    await eventually('four bytes less', () => proxy.swallowedBytes === 4);
    proxy.up({ swallowing: false });
    client.write('here');
    await eventually('only what came after', () => received === 'here');
  });

  it('cuts every connection, and refuses new ones while told to', async () => {
    await eventually('the connection', () => proxy.connections === 1);
    proxy.refusing = true;
    proxy.cut();
    await eventually('the end', () => client.destroyed && proxy.connections === 0);
    const second = connect(proxy.port, '127.0.0.1');
    await new Promise((resolve) => second.once('error', resolve).once('close', resolve));
    expect(proxy.connections).toBe(0);
  });
});
