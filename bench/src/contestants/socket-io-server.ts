import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { BATCH_PATH, MAILBOX } from '../load/mailbox.js';
import { announce } from './announce.js';

/** Socket.IO as its documentation sets it up for many WebSocket clients: one room, an event a message, nothing stored. */

const server = createServer((request, response) => {
  if (request.method !== 'POST' || request.url !== BATCH_PATH) return response.writeHead(404, { 'Content-Length': 0 }).end();
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => void chunks.push(chunk));
  request.on('end', () => {
    const batch = JSON.parse(Buffer.concat(chunks).toString()) as { mailbox: string; data: string }[];
    for (const { mailbox, data } of batch) io.to(mailbox).emit('message', data);
    response.writeHead(201, { 'Content-Length': 2 }).end('{}');
  });
});

// The publisher pauses while the harness waits for an idle server.
server.keepAliveTimeout = 60_000;

const io = new Server(server, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => socket.join(MAILBOX));

server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => announce(server));
