import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';

/**
 * Serves the built pages on this machine, and tells them in `server.json` where Restante listens. A Restante server has no files of its own.
 * Pages that somebody tries out in a folder of their own are served beside them, and find the client in `restante.js`.
 */

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
 * @param {{ port: number, server: string, own?: string }} options `server`: the address of the Restante server; `own`: a folder of pages of one's own
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 * @throws EADDRINUSE, where the port is taken
 */
export async function servePages({ port, server, own }) {
  const pages = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://pages');
    void answer(pathname, server, own).then(({ status, type, body, policy }) => {
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        ...(policy !== undefined && { 'content-security-policy': policy }),
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

/**
 * @param {string} pathname @param {string} server @param {string | undefined} own
 * @returns {Promise<{ status: number, type: string, body: string | Uint8Array, policy?: string }>}
 */
async function answer(pathname, server, own) {
  if (pathname === '/server.json') return { status: 200, type: 'application/json', body: JSON.stringify({ server }) };
  const name = pathname === '/' ? 'index.html' : pathname.slice(1);
  const type = TYPES[extname(name)];
  // Both folders are flat: a name with anything else in it is none of their files.
  if (type !== undefined && /^[\w-]+(\.[\w-]+)+$/.test(name)) {
    const built = await readFile(new URL(name, BUILT)).catch(() => undefined);
    if (built !== undefined) return { status: 200, type, body: built, policy: POLICY };
    const tried = own === undefined ? undefined : await readFile(join(own, name)).catch(() => undefined);
    if (tried !== undefined) return { status: 200, type, body: tried };
  }
  return { status: 404, type: 'text/plain', body: name === 'index.html' ? 'The pages are not built: npm run build' : 'Not found' };
}
