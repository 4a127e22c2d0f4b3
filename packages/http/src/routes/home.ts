import { ERRORS } from '@restante/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Context } from '../context.js';
import { escapeHtml, homeHtml, homeText, type HomeFacts } from '../home-page.js';
import { sendJson, vary } from '../request.js';

/** For a person: `GET /`, `GET /errors`, where the `type` of every problem points. For tools: `GET /openapi.json`. */
export function homeRoutes(app: FastifyInstance, { deps }: Context, openApi: () => string): void {
  const routes: string[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat())
      if (one !== 'HEAD' && one !== 'OPTIONS') routes.push(`${one.padEnd(6)} ${url.replace('*', '{name}')}`);
  });
  const mailbox = `/${deps.namespaces.logs.find((log) => log !== '_') ?? 'hello'}/world`;

  app.get('/', async (request, reply) => {
    const streams = routes.some((route) => route.endsWith(' /v1/stream'));
    const facts: HomeFacts = { version: deps.version, region: deps.region, address: addressOf(request), mailbox, routes, streams };
    vary(reply, 'Accept');
    reply.header('cache-control', 'no-store');
    if (wantsHtml(request)) return reply.type('text/html; charset=utf-8').send(homeHtml(facts));
    return reply.type('text/plain; charset=utf-8').send(homeText(facts));
  });

  let document: string | undefined;
  app.get('/openapi.json', async (_request, reply) => sendJson(reply, 200, (document ??= openApi())));

  app.get('/errors', async (request, reply) => {
    vary(reply, 'Accept');
    if (wantsHtml(request)) return reply.type('text/html; charset=utf-8').send(errorsHtml());
    return reply.type('text/plain; charset=utf-8').send(errorsText());
  });
}

/** As the caller knows us, so that the lines can be pasted; what is no host is not repeated into a page or a shell. */
function addressOf(request: FastifyRequest): string {
  const { host = '' } = request.headers;
  if (/^[a-z0-9.-]{1,253}(?::\d{1,5})?$/i.test(host) || /^\[[0-9a-f:]{2,45}\](?::\d{1,5})?$/i.test(host))
    return `${request.protocol}://${host}`;
  return `${request.protocol}://localhost:${request.socket.localPort ?? 80}`;
}

function wantsHtml(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/html') ?? false;
}

function errorsText(): string {
  return Object.entries(ERRORS)
    .map(([code, { status, title, retryable, mend }]) => `${code} (${status}${retryable ? ', try again' : ''})\n  ${title}. ${mend}\n`)
    .join('\n');
}

function errorsHtml(): string {
  const entries = Object.entries(ERRORS).map(([code, { status, title, retryable, mend }]) => {
    const again = retryable ? 'Trying again can help.' : 'Trying again does not help.';
    return `<h2 id="${code}">${code}</h2><p>${status}. ${escapeHtml(`${title}. ${mend} ${again}`)}</p>`;
  });
  return `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Errors of Restante</title>\n<h1>Errors</h1>\n${entries.join('\n')}\n</html>\n`;
}
