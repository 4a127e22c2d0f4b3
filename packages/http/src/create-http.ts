import { ANONYMOUS } from '@restante/auth';
import { LIMITS } from '@restante/protocol';
import fastify, { type FastifyInstance } from 'fastify';
import { Admission } from './admission.js';
import { Appends } from './appends.js';
import { type Context, type HttpDeps, TIMEOUTS } from './context.js';
import { addFailures, answerFailure, onConnectionFault } from './failures.js';
import { checkLocal } from './local-only.js';
import { OpenRequests } from './open-requests.js';
import { collectOperations } from './operation.js';
import { addOrigins } from './origins.js';
import { PageReads } from './page-reads.js';
import { RequestBodies } from './request-bodies.js';
import { batchRoute } from './routes/batch.js';
import { healthRoutes } from './routes/health.js';
import { homeRoutes } from './routes/home.js';
import { mailboxesRoute } from './routes/mailboxes.js';
import { pageRoute } from './routes/page.js';
import { publishRoute } from './routes/publish.js';
import { purgeRoute } from './routes/purge.js';
import { SharedWaits } from './shared-waits.js';
import { boundUnread } from './unread-bodies.js';

/**
 * The HTTP server that edges and gateways share: every plain route of DESIGN section 8, over the logs.
 * An edge adds its streams to `app`. It listens nowhere by itself and owns no log.
 */
export interface Http {
  readonly app: FastifyInstance;
  /** For routes that are added, so that limits and permissions are the same ones. */
  readonly context: Context;
  /** For a server that leaves: each client is sent away with its next answer, and who waits has it now. */
  readonly leave: () => void;
}

export function createHttp(deps: HttpDeps): Http {
  const context = contextOf(deps);
  const app = createApp(deps, context);
  addFailures(app, deps.faults);
  app.addHook('onResponse', async ({ raw }) => boundUnread(raw));
  const openApi = collectOperations(app, deps.version);
  takeBodiesAsBytes(app, context.limits.requestBytesMax);
  if (deps.open === true) admitOnlyLocal(app, deps);
  addOrigins(app, context.admission, deps);
  homeRoutes(app, context, openApi);
  publishRoute(app, context);
  batchRoute(app, context);
  pageRoute(app, context);
  mailboxesRoute(app, context);
  purgeRoute(app, context);
  healthRoutes(app, deps);
  const openRequests = new OpenRequests(app.server);
  app.addHook('preClose', async () => {
    // Before the server waits for its last answers: those in long polls would let it wait a minute.
    context.waits?.end();
    openRequests.end();
  });
  return { app, context, leave: () => leave(app, context) };
}

/** Clients leave at the pace of their own requests; without this, those that waited would all ask at once, and here again. */
function leave(app: FastifyInstance, { waits }: Context): void {
  app.server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'));
  waits?.end();
}

function contextOf(deps: HttpDeps): Context {
  const limits = { ...LIMITS, ...deps.limits };
  const { read } = new PageReads(deps.logs, limits.pageBytesMax, limits.waitsMax);
  return {
    deps,
    limits,
    admission: new Admission(deps.namespaces, deps.policies),
    appends: new Appends(deps.logs, limits.appendBytesMax),
    readPage: read,
    waits: deps.waiting && new SharedWaits(deps.waiting, read, limits.waitsMax),
    callerOf: () => ANONYMOUS,
  };
}

function createApp(deps: HttpDeps, { limits }: Context): FastifyInstance {
  const timeouts = { ...TIMEOUTS, ...deps.timeouts };
  return fastify({
    logger: false,
    bodyLimit: limits.messageBytesMax,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionTimeout: timeouts.stalledMs,
    // Fastify's own 503 is no problem document; a server that drains says so itself and goes on answering.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: {
      headersTimeout: timeouts.headersMs,
      connectionsCheckingInterval: Math.min(timeouts.headersMs, 5_000),
      // Node's own answer to a request without Host is no problem document; where Host matters it is checked.
      requireHostHeader: false,
    },
    // Names longer than a name may be are refused by name, not as a route that is not there.
    routerOptions: { maxParamLength: 16 * 1024 },
    clientErrorHandler: onConnectionFault,
    frameworkErrors: (error, request, reply) => void answerFailure(error, request, reply, deps.faults),
  });
}

function takeBodiesAsBytes(app: FastifyInstance, bytesMax: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', new RequestBodies(bytesMax).read);
}

function admitOnlyLocal(app: FastifyInstance, { corsOrigins = [] }: HttpDeps): void {
  app.addHook('onRequest', ({ headers }, _reply, next) => {
    checkLocal(headers.host, headers.origin, corsOrigins);
    next();
  });
}
