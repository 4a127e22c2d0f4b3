import cors, { type FastifyCorsOptions } from '@fastify/cors';
import { ANONYMOUS } from '@restante/auth';
import { parseMailbox, parsePattern, RestanteError } from '@restante/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Admission } from './admission.js';
import type { HttpDeps } from './context.js';
import { LOCAL_ORIGIN } from './local-only.js';

/**
 * Which pages may call, and read the answers, problems among them (CORS). Pages of a configured origin may make every call, with
 * credentials; where there is no policy so may those of this machine. Any other page may do what everybody may, without credentials:
 * read and publish where that is public. It could always have sent that much, only not read the answer; a purge it could not have sent.
 * This decides nothing for who calls without a browser: what a caller may do is `Admission`'s.
 */
export function addOrigins(app: FastifyInstance, admission: Admission, { open = false, corsOrigins = [] }: HttpDeps): void {
  const isForAll = corsOrigins.includes('*');
  const isKnown = (origin: string) => corsOrigins.includes(origin) || (open && LOCAL_ORIGIN.test(origin));
  app.register(cors, {
    delegator: (request: FastifyRequest, done: (error: Error | null, options: FastifyCorsOptions) => void) => {
      const { origin } = request.headers;
      if (isForAll) done(null, { ...RULES, origin: '*' });
      else if (origin !== undefined && isKnown(origin)) done(null, { ...RULES, origin, credentials: true });
      else if (!open && everybodyMay(request, admission)) done(null, { ...RULES, origin: '*', methods: ['GET', 'POST'] });
      else done(null, { origin: false });
    },
  });
}

const RULES = {
  methods: ['GET', 'POST', 'DELETE'],
  exposedHeaders: ['ETag', 'Retry-After'],
  maxAge: 600,
  strictPreflight: false,
} satisfies FastifyCorsOptions;

/** May everybody make this call, or the one that a preflight asks for? Of what fails for another reason than a policy, all may hear. */
function everybodyMay(request: FastifyRequest, admission: Admission): boolean {
  const { method, headers, url, query } = request;
  const [path = ''] = url.split('?', 1);
  try {
    switch (method === 'OPTIONS' ? headers['access-control-request-method'] : method) {
      case 'GET':
      case 'HEAD':
        for (const name of namesToRead(path, query)) admission.logsToRead(parsePattern(name), ANONYMOUS);
        return true;
      case 'POST':
        // No cache keeps what is posted, so the answer may differ for who is no page: most publishers.
        if (headers.origin === undefined) return false;
        if (path === '/v1/publish') return admission.isOpenTo('publish', ANONYMOUS);
        if (path === '/v1/stream') return admission.isOpenTo('read', ANONYMOUS);
        admission.logToPublish(parseMailbox(nameIn(path) ?? ''), ANONYMOUS);
        return true;
      default:
        return false;
    }
  } catch (error) {
    return !(error instanceof RestanteError && error.code === 'FORBIDDEN');
  }
}

/** Of every route that reads: the name in the path, `pattern`, each `mailbox`. Nothing, where nothing is read that has a policy. */
function namesToRead(path: string, query: unknown): readonly string[] {
  const { pattern = [], mailbox = [] } = query as Readonly<Record<string, string | string[]>>;
  return [nameIn(path) ?? [], pattern, mailbox].flat();
}

function nameIn(path: string): string | undefined {
  const before = '/v1/mailboxes';
  return path.startsWith(`${before}/`) ? decodeURIComponent(path.slice(before.length)) : undefined;
}
