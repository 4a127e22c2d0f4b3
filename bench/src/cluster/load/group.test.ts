import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { eventually } from '@restante/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { payloadText } from '../../load/payload.js';
import { frameHead, serverFrame } from '../../load/websocket.js';
import { nowUs } from './clock.js';
import type { GroupSpec } from './commands.js';
import { Group } from './group.js';
import { Waiting } from './waiting.js';

/** A server that says what the test wants: that the readers of the suite notice what a real one must never do. */

const WAIT_MS = 5_000;

let server: Server;
let sockets: Socket[];
let subscribed: string[];
let group: Group;
let waiting: Waiting;

beforeEach(async () => {
  sockets = [];
  subscribed = [];
  server = createServer((socket) => {
    sockets.push(socket);
    let upgraded = false;
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      if (!upgraded) {
        upgraded = true;
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
        return;
      }
      // One subscription, masked with zeros: the mask's four bytes, then the text.
      const head = frameHead(bytes, 0);
      if (head === undefined) return;
      subscribed.push(bytes.toString('utf8', head.payloadStart + 4, head.end + 4));
      socket.write(serverFrame('{"type":"live","ref":"0"}'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  group.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

async function live(options: Partial<GroupSpec> = {}): Promise<void> {
  const { port } = server.address() as AddressInfo;
  waiting = new Waiting();
  group = new Group({ group: 'g', ports: [port], connections: 1, prefix: '/load/x', mailboxes: 1, ...options }, waiting);
  group.open();
  await waiting.until(
    () => group.isLive,
    () => group.state,
    WAIT_MS,
  );
}

function send(...numbers: number[]): void {
  const messages = numbers.map((number) => `{"data":"${payloadText(number, nowUs())}"}`);
  sockets.at(-1)?.write(serverFrame(`{"type":"messages","cursor":"load.abcdefgh.${numbers.at(-1)}","messages":[${messages.join(',')}]}`));
}

function delivered(count: number): Promise<void> {
  return waiting.until(
    () => group.delivered >= count,
    () => group.state,
    WAIT_MS,
  );
}

describe('a group of readers', () => {
  it('counts and times what comes in order', async () => {
    await live();
    group.measure();
    send(0, 1);
    send(2);
    await delivered(3);
    expect(group.measured()).toMatchObject({ delivered: 3, behind: 0 });
  });

  it.each([
    ['missing', [0, 2], 'expected message 1 and got 2'],
    ['doubled', [0, 0], 'expected message 1 and got 0'],
  ])('is a fault of the run where a message is %s', async (_, numbers, fault) => {
    await live();
    send(...numbers);
    await expect(delivered(3)).rejects.toThrow(fault);
  });

  it('is a fault of the run where a connection is lost that does not return', async () => {
    await live();
    sockets[0]?.destroy();
    await expect(delivered(1)).rejects.toThrow('a reader of g was lost');
  });

  it('returns from its cursor, and tells what it lacks of what was acknowledged', async () => {
    await live({ returns: true });
    send(0, 1);
    await delivered(2);
    sockets[0]?.destroy();
    await eventually('it is back', () => subscribed.length === 2);
    send(3);
    await delivered(3);
    expect(JSON.parse(subscribed.at(-1) ?? '')).toMatchObject({ after: 'load.abcdefgh.1' });
    expect(group.has([new Set([0, 1, 3])])).toBe(true);
    expect(group.has([new Set([0, 1, 2, 3])])).toBe(false);
  });

  it('is a fault of the run where one that returned gets what it had', async () => {
    await live({ returns: true });
    send(0, 1);
    await delivered(2);
    send(1);
    await expect(delivered(3)).rejects.toThrow('got message 1 after 1');
  });
});
