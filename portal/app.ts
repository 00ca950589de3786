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
    const { operation, handler } = wayOf(request);
    const began = portal.clock.monotonic();
    const answered = (): void => observe(portal, response, operation, began);
    if (handler !== undefined) {
      answerWith(handler, portal, request, response, answered);
      return;
    }
    response.on('finish', answered);
    others(request, response);
  };
}

const FIRST_PARTS: ReadonlySet<string> = new Set(FAMILIES);

/** How a request is counted, and who answers it if Express need not. */
function wayOf(request: IncomingMessage): { readonly operation: Operation; readonly handler?: Handler } {
  const path = pathOf(request);
  const slash = path.indexOf('/', 1);
  const first = path.slice(1, slash < 0 ? undefined : slash);
  const isGet = request.method === 'GET' || request.method === 'HEAD';
  if (FIRST_PARTS.has(first)) {
    // Who sets a gateway up may end the address with a slash, as everywhere else.
    const next = slash < 0 ? slash : path.indexOf('/', slash + 1);
    const isOne = slash > 0 && (next < 0 || next === path.length - 1);
    return isGet && isOne ? VISIT : VIEW;
  }
  if (path === '/visit' && isGet) return VISIT_AGAIN;
  if (path === '/accept' && request.method === 'POST') return ACCEPT;
  if (first === 'visit' || first === 'guest') return VIEW;
  return { operation: OPERATIONS.find((operation) => operation === first) ?? 'other' };
}

const VIEW = { operation: 'view' } as const;
const VISIT = { operation: 'view', handler: visit } as const;
const VISIT_AGAIN = { operation: 'view', handler: visitAgain } as const;
const ACCEPT = { operation: 'accept', handler: accept } as const;

/** @param answered  called when the answer is on its way: to wait for its `finish` costs more than all else that is counted */
function answerWith(
  handler: Handler,
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  answered: () => void,
): void {
  const failed = (error: unknown): void => answerFault(portal, request, response, error);
  try {
    const later = handler(portal, request, response);
    if (later === undefined) answered();
    else later.catch(failed).then(answered);
  } catch (error) {
    failed(error);
    answered();
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
function observe(
  { metrics, clock, log }: Portal,
  { statusCode }: ServerResponse,
  operation: Operation,
  began: number,
): void {
  const durationSeconds = (clock.monotonic() - began) / 1000;
  metrics.took(operation, durationSeconds);
  log.debug('portal-request', { reason: `${operation} ${statusCode}`, durationSeconds });
}
