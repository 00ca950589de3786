import type { IncomingMessage, ServerResponse } from 'node:http';
import { Router } from 'express';
import type { GrantId } from '../../core/ids';
import type { Millis } from '../../core/time';
import type { GatewayAdapter } from '../gateways/gateway';
import type { Portal } from '../portal';
import { languageOf, sendPage, translator } from '../respond';

/** Addresses by which devices find out whether they are online; nobody wants to go on to one. */
const PROBE = /captive|connectivity|conncheck|ncsi|nmcheck|msftconnect|generate_204|gen_204|hotspot|detectportal/i;

/** What is known about a visitor who is online. */
interface Online {
  readonly adapter?: GatewayAdapter;
  readonly grant?: GrantId;
  readonly until?: Millis;
  readonly originalUrl?: string;
}

/** "You are connected until ...": where the gateway sends visitors after they were let in. */
export function connectedRoutes(portal: Portal): Router {
  const router = Router();
  router.get('/connected', (request, response) => {
    const connection = portal.town.connections.open(request.query.t);
    const adapter = connection && portal.town.adapters.get(connection.gateway);
    showConnected(portal, request, response, {
      ...(adapter !== undefined && { adapter }),
      ...(connection !== undefined && { grant: connection.grant, until: connection.until }),
      ...(connection?.originalUrl !== undefined && { originalUrl: connection.originalUrl }),
    });
  });
  return router;
}

export function showConnected(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  online: Online,
): void {
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  const { adapter, grant, until, originalUrl } = online;
  const site = adapter && portal.town.sites.get(adapter.site);
  const now = portal.clock.now();
  // Without a gateway's word nobody knows whether this browser is online.
  const kind = site === undefined ? 'unsure' : until !== undefined && until <= now ? 'over' : 'connected';
  const next = originalUrl === undefined || PROBE.test(originalUrl) ? undefined : new URL(originalUrl);
  sendPage(portal, request, response, {
    name: 'connected',
    title: t(`${kind}.title`),
    lead: t(`${kind}.lead`),
    language,
    // openNDS ends sessions itself, so the form leads on to it.
    ...(adapter?.origin !== undefined && { formTarget: adapter.origin }),
    view: {
      kind,
      connection:
        adapter && grant && until !== undefined
          ? portal.town.connections.close({ gateway: adapter.id, grant, until })
          : undefined,
      site,
      until: until === undefined ? undefined : portal.town.formats.get(language)?.moment(until, now),
      untilIso: until === undefined ? undefined : new Date(until).toISOString(),
      logoutUrl: adapter?.logoutUrl,
      restartUrl: adapter?.restartUrl,
      next: next && { href: next.href, host: next.host },
    },
  });
}
