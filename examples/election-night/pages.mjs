import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';

/** Serves the built pages on this machine, and tells them in `server.json` where Restante listens. A Restante server has no files of its own. */

const BUILT = new URL('dist/', import.meta.url);

/** @type {Readonly<Record<string, string>>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Scripts and styles of these pages only; connections to servers of this machine. */
const POLICY =
  "default-src 'self'; connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:* http://localhost:* ws://localhost:*; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * @param {{ port: number, server: string }} options `server`: the address of the Restante server
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 * @throws EADDRINUSE, where the port is taken
 */
export async function servePages({ port, server }) {
  const pages = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://pages');
    void answer(pathname, server).then(({ status, type, body }) => {
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-cache',
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    });
  });
  await new Promise((resolve, reject) => pages.once('error', reject).listen(port, '127.0.0.1', () => resolve(undefined)));
  const address = pages.address();
  const taken = typeof address === 'object' ? address?.port : port;
  return {
    url: `http://127.0.0.1:${taken}/`,
    close: () =>
      new Promise((resolve) => {
        pages.close(() => resolve(undefined));
        pages.closeAllConnections();
      }),
  };
}

/** @param {string} pathname @param {string} server */
async function answer(pathname, server) {
  if (pathname === '/server.json') return { status: 200, type: 'application/json', body: JSON.stringify({ server }) };
  const name = pathname === '/' ? 'index.html' : pathname.slice(1);
  const type = TYPES[extname(name)];
  // The build is one flat folder: a name with anything else in it is none of its files.
  const body =
    type !== undefined && /^[\w-]+(\.[\w-]+)+$/.test(name) ? await readFile(new URL(name, BUILT)).catch(() => undefined) : undefined;
  if (type === undefined || body === undefined) {
    return { status: 404, type: 'text/plain', body: name === 'index.html' ? 'The pages are not built: npm run build' : 'Not found' };
  }
  return { status: 200, type, body };
}
