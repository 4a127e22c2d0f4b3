import { connect } from 'node:net';

/**
 * Many light clients in one process, each a bare socket that reads and forgets: WebSocket, SSE and long poll, of a mailbox of its own or of everything.
 * Says `here` when each has been answered; upon SIGUSR2 it resets every connection and says `gone`. Arguments: count, prefix of the mailboxes, ports.
 */

const [count = '0', prefix = '', ...ports] = process.argv.slice(2);
const sockets = [];

function frame(text) {
  // A mask of zeros leaves the payload as it is; none of these is longer than one byte can say.
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

function ask(index) {
  const mailbox = index % 10 === 0 ? '/**' : `${prefix}${index}`;
  const head = 'HTTP/1.1\r\nHost: localhost\r\n';
  const kind = index % 4;
  if (kind === 2) return [`GET /v1/stream?mailbox=${mailbox}&after=now ${head}\r\n`];
  if (kind === 3) return [`GET /v1/mailboxes${mailbox}?after=now&wait=60 ${head}\r\n`];
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
  return [`GET /v1/socket ${head}${upgrade}\r\n`, frame(JSON.stringify({ type: 'subscribe', ref: 'r', mailbox, after: 'earliest' }))];
}

function come(index) {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(ports[index % ports.length]), '127.0.0.1');
    const parts = ask(index);
    sockets.push(socket);
    socket.on('error', reject).on('close', () => reject(new Error(`client ${index} was closed`)));
    for (const part of parts) socket.write(part);
    // A wait is answered by nothing until there is something.
    if (index % 4 === 3) socket.once('connect', resolve);
    else socket.once('data', resolve);
    socket.resume();
  });
}

process.on('SIGUSR2', () => {
  for (const socket of sockets) socket.removeAllListeners('close').resetAndDestroy();
  process.stdout.write('gone\n');
});
await Promise.all(Array.from({ length: Number(count) }, (_, i) => come(i)));
process.stdout.write('here\n');
