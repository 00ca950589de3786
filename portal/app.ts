import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type RequestHandler } from 'express';
import { type Handler, pathOf } from './answer';
import { FAMILIES } from './gateways/gateway';
import { OPERATIONS, type Operation } from './metrics';
import type { Portal } from './portal';
import { accept } from './routes/accept';
import { captiveRoutes } from './routes/captive';
import { connectedRoutes } from './routes/connected';
import { disconnectRoutes } from './routes/disconnect';
import { documentRoutes } from './routes/documents';
import { faults, notFound, showFault } from './routes/errors';
import { feedbackRoutes } from './routes/feedback';
import { meRoutes } from './routes/me';
import { openndsRoutes } from './routes/opennds';
import { schoolRoutes } from './routes/school';
import { startRoutes } from './routes/start';
import { statusRoutes } from './routes/status';
import { transparencyRoutes } from './routes/transparency';
import { unifiRoutes } from './routes/unifi';
import { visit, visitAgain } from './routes/visit';
import { securityHeadersFor } from './security';

/**
 * What visitors meet; it listens nowhere yet. The three steps that everybody takes go straight to their handlers, which
 * is several times as fast (docs/adr/0005); everything else is an ordinary Express application.
 */
export function portalApp(portal: Portal): RequestListener {
  const others = expressApp(portal);
  return (request, response) => {
    const operation = operationOf(request);
    observe(portal, response, operation);
    const handler = handlerOf(request);
    if (handler === undefined) others(request, response);
    else void answerWith(handler, portal, request, response);
  };
}

const FIRST_PARTS: ReadonlySet<string> = new Set(FAMILIES);

function handlerOf(request: IncomingMessage): Handler | undefined {
  const path = pathOf(request);
  if (request.method === 'POST') return path === '/accept' ? accept : undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  if (path === '/visit') return visitAgain;
  const [, family = '', ...rest] = path.split('/');
  // Who sets a gateway up may end the address with a slash, as everywhere else.
  const isOne = rest.length === 1 || (rest.length === 2 && rest[1] === '');
  return isOne && FIRST_PARTS.has(family) ? visit : undefined;
}

async function answerWith(
  handler: Handler,
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await handler(portal, request, response);
  } catch (error) {
    answerFault(portal, request, response, error);
  }
}

/** The page about a fault may be at fault itself; then nobody but us is left to end the connection. */
function answerFault(portal: Portal, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  try {
    showFault(portal, request, response, error);
  } catch (err) {
    portal.log.error('portal-fault', { err });
    response.destroy();
  }
}

/** `portal.trustProxy` is settled here, so a change of it needs a restart. */
function expressApp(portal: Portal) {
  const app = express();
  app.set('trust proxy', portal.town.config.portal.trustProxy);
  app.disable('x-powered-by').disable('etag');
  app.use(security(portal));
  app.use(
    openndsRoutes(portal),
    unifiRoutes(portal),
    captiveRoutes(portal),
    connectedRoutes(portal),
    disconnectRoutes(portal),
  );
  app.use(meRoutes(portal), feedbackRoutes(portal));
  app.use(
    statusRoutes(portal),
    schoolRoutes(portal),
    startRoutes(portal),
    documentRoutes(portal),
    transparencyRoutes(portal),
  );
  app.use(notFound(portal), faults(portal));
  return app;
}

/** For what Express sends by itself; whatever we send with `answer` has them anyhow. */
function security(portal: Portal): RequestHandler {
  return (request, response, next) => {
    const headers = securityHeadersFor(portal.town.headers, request);
    for (let at = 0; at + 1 < headers.length; at += 2) response.setHeader(headers[at] ?? '', headers[at + 1] ?? '');
    next();
  };
}

/** Counts and logs what was asked and how long it took. Neither the address of the visitor nor of the page is kept. */
function observe({ metrics, clock, log }: Portal, response: ServerResponse, operation: Operation): void {
  const began = clock.monotonic();
  response.once('finish', () => {
    const durationSeconds = (clock.monotonic() - began) / 1000;
    metrics.took(operation, durationSeconds);
    log.debug('portal-request', { reason: `${operation} ${response.statusCode}`, durationSeconds });
  });
}

function operationOf(request: IncomingMessage): Operation {
  const first = pathOf(request).split('/')[1] ?? '';
  if (first === 'visit' || first === 'guest' || FIRST_PARTS.has(first)) return 'view';
  return OPERATIONS.find((operation) => operation === first) ?? 'other';
}
