import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../launch/eventually.js';
import { launchNats } from './launch-nats.js';
import { NatsFrames } from './nats-frames.js';
import { natsRequest } from './nats-request.js';
import { SubjectProxies, throughSubjects } from './subject-proxy.js';

const LINES = [
  'INFO {"a":1}\r\n',
  'PUB a.b 5\r\nhello\r\n',
  'PUB a.b answer 0\r\n\r\n',
  'HPUB c answer 12 17\r\nNATS/1.0\r\n\r\nhe\r\no\r\n',
  'MSG d 1  4\r\nPING\r\n',
  'HMSG e 12 answer 12 12\r\nNATS/1.0\r\n\r\n\r\n',
  'PING\r\n',
];

describe('frames of NATS', () => {
  it.each([1, 2, 7, 1_000])('are whole, and know their subjects, where %i bytes come at a time', (size) => {
    const bytes = Buffer.from(LINES.join(''));
    const frames = new NatsFrames();
    const found = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      frames.take(bytes.subarray(i * size, (i + 1) * size)),
    ).flat();
    expect(found.map((frame) => frame.bytes.toString())).toEqual(LINES);
    expect(found.map(({ subject }) => subject)).toEqual([undefined, 'a.b', 'a.b', 'c', 'd', 'e', undefined]);
  });
});

describe('the proxy of subjects', () => {
  let echo: Server;
  let proxies: SubjectProxies;
  let client: Socket;
  let received: string;

  beforeEach(async () => {
    echo = createServer((socket) => void socket.on('error', () => socket.destroy()).pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    proxies = new SubjectProxies();
    await proxies.add((echo.address() as AddressInfo).port);
    received = '';
    client = connect(Number(new URL(proxies.urls[0] ?? '').port), '127.0.0.1').setEncoding('utf8');
    client.on('data', (text: string) => (received += text)).on('error', () => client.destroy());
  });

  afterEach(async () => {
    client.destroy();
    await proxies.close();
    await new Promise((resolve) => echo.close(resolve));
  });

  const publication = (subject: string, text: string): string => `PUB ${subject} ${text.length}\r\n${text}\r\n`;

  it('loses what it is told to, and nothing else', async () => {
    proxies.faults = { concerns: (subject) => subject.startsWith('link.'), lost: 1 };
    client.write(publication('link.a', 'gone') + publication('other', 'here') + publication('link.b', 'gone') + 'PING\r\n');
    await eventually('what is left', () => received === `${publication('other', 'here')}PING\r\n`);
    expect(proxies.counts).toEqual({ passed: 0, lost: 2, doubled: 0, delayed: 0 });
    proxies.faults = undefined;
    client.write(publication('link.a', 'back'));
    await eventually('what came after', () => received.endsWith(publication('link.a', 'back')));
  });

  it('doubles, both ways', async () => {
    proxies.faults = { concerns: () => true, doubled: 1 };
    client.write(publication('a', 'x'));
    await eventually('it comes four times', () => received === publication('a', 'x').repeat(4));
  });

  it('lets later messages overtake those that it delays', async () => {
    proxies.faults = { concerns: (subject) => subject === 'late', delayed: 1, delayMsMax: 50, random: () => 0.9 };
    client.write(publication('late', '1') + publication('on.time', '2'));
    await eventually('the second, then the first', () => received === publication('on.time', '2') + publication('late', '1'));
  });

  it('carries a real server and its client', async () => {
    const nats = await launchNats();
    const ways = await throughSubjects(nats);
    try {
      ways.faults = { concerns: (subject) => subject === 'nowhere', lost: 1 };
      const [url = ''] = ways.urls;
      const stream = { name: 'S', subjects: ['s.>'], max_bytes: 2 ** 30 };
      expect(await natsRequest(url, '$JS.API.STREAM.CREATE.S', stream)).toMatchObject({ config: { name: 'S' } });
      expect(await natsRequest(url, 's.a', 'x'.repeat(300_000))).toMatchObject({ seq: 1 });
      await expect(natsRequest(url, 'nowhere', '', { timeoutMs: 200 })).rejects.toThrow('no answer');
      expect(ways.counts.lost).toBe(1);
    } finally {
      await ways.close();
      await nats.stop();
    }
  });
});
