import { Health } from '@restante/protocol/schemas';
import type { FastifyInstance } from 'fastify';
import type { HttpDeps } from '../context.js';
import { sendJson } from '../request.js';

/** `GET /healthz`: the process runs. `GET /readyz`: requests may be sent to it. Neither asks anybody else. */
export function healthRoutes(app: FastifyInstance, { health }: HttpDeps): void {
  const ok: Health = { status: 'ok', reasons: [] };
  const answer = (summary: string, ...statuses: readonly number[]) => {
    const responses = Object.fromEntries(
      statuses.map((status) => [status, { description: status === 200 ? 'Yes.' : 'No.', schema: Health }]),
    );
    return { config: { operation: { summary, responses } } };
  };
  app.get('/healthz', answer('Does this process run?', 200), async (_request, reply) => sendJson(reply, 200, JSON.stringify(ok)));
  app.get('/readyz', answer('May it be sent requests?', 200, 503), async (_request, reply) => {
    const report = health?.report() ?? ok;
    return sendJson(reply, report.status === 'ok' ? 200 : 503, JSON.stringify(report));
  });
}
