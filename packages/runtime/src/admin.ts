import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Health } from './health.js';
import type { Part } from './lifecycle.js';
import type { Metrics } from './metrics.js';

/** The port for those who operate: `/healthz` (the process answers), `/readyz` (it may be sent requests, or why not), `/metrics`. */

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly health: Health;
  readonly metrics: Metrics;
}

export async function startAdmin({ host, port, health, metrics }: AdminOptions): Promise<Part & { readonly address: string }> {
  const server = createServer((request, response) => void answer(request, response, health, metrics));
  // Whoever asks here is a probe: it sends one short request and goes.
  server.requestTimeout = 5_000;
  server.maxConnections = 100;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer({ url, method }: IncomingMessage, response: ServerResponse, health: Health, metrics: Metrics): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'text/plain', 'only GET\n');
  if (url === '/healthz') return send(response, 200, 'application/json', '{"status":"ok","reasons":[]}');
  if (url === '/readyz') {
    const report = health.report();
    return send(response, report.status === 'ok' ? 200 : 503, 'application/json', JSON.stringify(report));
  }
  if (url !== '/metrics') return send(response, 404, 'text/plain', '/healthz, /readyz, /metrics\n');
  try {
    send(response, 200, metrics.contentType, await metrics.expose());
  } catch (error) {
    send(response, 500, 'text/plain', `${(error as Error).message}\n`);
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
