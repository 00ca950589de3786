import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Site } from '../../config/schema';
import type { GatewayAdapter } from '../gateways/gateway';
import type { Portal } from '../portal';
import { type ShownVisit, VISIT_LIFETIME_MS } from '../visit-seal';
import { refuse } from './refuse';

/** A visitor who saw the terms and comes back with the sealed visit of that page. */
export interface Returning {
  /** The sealed visit, as the browser brought it. */
  readonly word: string;
  readonly shown: ShownVisit;
  readonly adapter: GatewayAdapter;
  readonly site: Site;
}

/** Opens the sealed visit. If it cannot be used, the visitor is told so, and undefined comes back. */
export function openVisit(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  word: string | null,
): Returning | undefined {
  const shown = portal.town.visits.open(word);
  if (word === null || shown === undefined) {
    refuse(portal, request, response, 'visit-forged');
    return undefined;
  }
  const adapter = portal.town.adapters.get(shown.visit.gateway);
  const site = portal.town.sites.get(shown.visit.site);
  if (adapter === undefined || site === undefined || adapter.site !== site.id) {
    refuse(portal, request, response, 'unknown-gateway');
    return undefined;
  }
  if (portal.clock.now() - shown.shownAt > VISIT_LIFETIME_MS) {
    refuse(portal, request, response, 'visit-expired', adapter);
    return undefined;
  }
  return { word, shown, adapter, site };
}
