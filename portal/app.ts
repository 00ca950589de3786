import express, { type Express, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { Config } from '../config/schema';
import { OPERATIONS, type Operation } from './metrics';
import type { Portal } from './portal';
import { acceptRoutes } from './routes/accept';
import { connectedRoutes } from './routes/connected';
import { disconnectRoutes } from './routes/disconnect';
import { documentRoutes } from './routes/documents';
import { faults, notFound } from './routes/errors';
import { startRoutes } from './routes/start';
import { statusRoutes } from './routes/status';
import { visitRoutes } from './routes/visit';

/**
 * The Express application that visitors meet. It listens nowhere yet. Proxies and HSTS are settled here, so a change of
 * `portal.trustProxy` or of the scheme of `portal.url`, or the first openNDS gateway of a town, needs a restart.
 */
export function portalApp(portal: Portal): Express {
  const app = express();
  const { config } = portal.town;
  app.set('trust proxy', config.portal.trustProxy);
  app.disable('x-powered-by').disable('etag');
  app.use(
    helmet({
      // Each page sets its own: its form may lead to its own gateway only.
      contentSecurityPolicy: false,
      // `same-origin` keeps the redirect's parameters from other hosts and still lets the browser say where a form came from.
      referrerPolicy: { policy: 'same-origin' },
      strictTransportSecurity: strictTransportSecurity(config),
    }),
  );
  app.use(observe(portal));
  app.use(visitRoutes(portal), acceptRoutes(portal), connectedRoutes(portal), disconnectRoutes(portal));
  app.use(statusRoutes(portal), startRoutes(portal), documentRoutes(portal));
  app.use(notFound(portal), faults(portal));
  return app;
}

/**
 * openNDS sends visitors to a port of plain HTTP on the same host. A browser that remembers "only https here" would ask
 * that port for TLS, and whoever was online yesterday would not get in today; so there browsers are told to forget it.
 */
function strictTransportSecurity({ portal: { url }, gateways }: Config) {
  if (!url.startsWith('https:')) return false;
  const needsHttp = gateways.some(({ kind }) => kind === 'opennds');
  return { maxAge: needsHttp ? 0 : 31_536_000, includeSubDomains: false };
}

/** Counts and logs what was asked and how long it took. Neither the address of the visitor nor of the page is kept. */
function observe({ metrics, clock, log }: Portal) {
  return (request: Request, response: Response, next: () => void): void => {
    const began = clock.monotonic();
    response.once('finish', () => {
      const durationSeconds = (clock.monotonic() - began) / 1000;
      const operation = operationOf(request);
      metrics.took(operation, durationSeconds);
      log.debug('portal-request', { reason: `${operation} ${response.statusCode}`, durationSeconds });
    });
    next();
  };
}

function operationOf({ path }: Request): Operation {
  const first = path.split('/')[1] ?? '';
  if (first === 'uam' || first === 'opennds') return 'view';
  return OPERATIONS.find((operation) => operation === first) ?? 'other';
}
