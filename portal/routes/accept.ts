import type { IncomingMessage, ServerResponse } from 'node:http';
import { decide } from '../../core/decide';
import { isStillAccepted } from '../../core/terms';
import type { Granted } from '../../store/store';
import { type Handler, seeOther } from '../answer';
import type { Arrival } from '../connection';
import { readForm } from '../form';
import { GatewayAway } from '../gateways/gateway';
import { grantFor } from '../grant-for';
import { LANGUAGE_PARAMETER } from '../i18n/language';
import { type Portal, storing } from '../portal';
import { isCrossSite } from '../security';
import { sourceOf } from '../source';
import type { ShownVisit } from '../visit-seal';
import { showAway, showCrowded } from './away';
import { refuseIfClosed } from './closed';
import { refuse } from './refuse';
import { openVisit, type Returning } from './shown-visit';
import { showUsedUp } from './used-up';

/** POST /accept. The visitor accepts the terms: grant, then through the gateway. */
export const accept: Handler = async (portal, request, response) => {
  const form = await readForm(request);
  if (isCrossSite(request, portal.town.config.portal.url)) {
    refuse(portal, request, response, 'cross-site');
    return;
  }
  const returning = openVisit(portal, request, response, form.get('visit'));
  if (returning !== undefined) await admit(portal, request, response, returning);
};

async function admit(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  { word, shown, adapter, site }: Returning,
): Promise<void> {
  if (await refuseIfClosed(portal, request, response, site)) return;
  const now = portal.clock.now();
  if (!isStillAccepted(site.rules.terms ?? [], shown.termsVersion, now)) {
    // While the page was open the terms have changed: here are the new ones.
    seeOther(portal, request, response, `/visit?visit=${word}&${LANGUAGE_PARAMETER}=${shown.language}`);
    return;
  }
  const spent = portal.accepted.isSpent(shown, adapter, portal.store, now);
  if (spent instanceof Promise ? await storing(spent).catch(() => false) : spent) {
    refuse(portal, request, response, 'visit-used', adapter);
    return;
  }
  const source = sourceOf(request, portal.town.config.portal.trustProxy);
  const result = await grantFor(portal, { shown, adapter, site, source }, now);
  if ('crowded' in result) {
    showCrowded(portal, request, response, { adapter, visit: word });
    return;
  }
  if (!('granted' in result)) {
    showUsedUp(portal, request, response, { site, adapter, ...result });
    return;
  }
  const { granted, isStored, proof, place } = result;
  portal.log.debug('grant-stored', { site: site.id, nas: adapter.id });
  const decided = decide(granted.grant, site.rules, now);
  if (!decided.accept) {
    const until = granted.grant.expiresAt;
    showUsedUp(portal, request, response, { site, adapter, reason: decided.reason, until });
    return;
  }
  let target: string;
  try {
    const returnTo = connectedUrl(portal, shown, granted, proof);
    target = await adapter.admit({ visit: shown.visit, granted, limits: decided.acceptance, returnTo, source });
  } catch (error) {
    if (!(error instanceof GatewayAway)) throw error;
    // Nobody was let in. A grant that this made would stand before the next try as if it were somebody else's.
    if (!adapter.vouches && proof === undefined) await storing(portal.store.endGrant(granted.grant.id, now));
    showAway(portal, request, response, { adapter, visit: word });
    return;
  }
  if (adapter.confirms === true) place?.confirm();
  portal.accepted.remember(shown, adapter, { isStored, ...granted }, now);
  seeOther(portal, request, response, target);
}

/** Where the gateway sends the visitor in the end: our page that says until when. */
function connectedUrl(
  { town, clock }: Portal,
  { visit, language }: ShownVisit,
  { grant }: Pick<Granted, 'grant'>,
  proof: Arrival['proof'],
): string {
  const token = town.arrivals.close({
    gateway: visit.gateway,
    grant: grant.id,
    until: grant.expiresAt,
    madeAt: clock.now(),
    ...(proof !== undefined && { proof }),
    ...(visit.originalUrl !== undefined && { originalUrl: visit.originalUrl }),
  });
  return `${town.config.portal.url}/connected?t=${token}&${LANGUAGE_PARAMETER}=${language}`;
}
