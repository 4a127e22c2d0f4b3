import fastify from 'fastify';
import { announce } from './announce.js';

/** The yardstick of publishing: a route that takes the same request, gives an answer of the same shape, and stores nothing. */

const app = fastify();
let seq = 0;

app.post<{ Params: { '*': string } }>('/v1/mailboxes/*', (request, reply) => {
  seq++;
  reply.code(201);
  return { mailbox: `/${request.params['*']}`, cursor: `_.bench000.${seq}`, seq, time: Date.now(), duplicate: false };
});

await app.listen({ port: 0, host: '127.0.0.1' });
announce(app.server);
