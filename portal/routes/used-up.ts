import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Site } from '../../config/schema';
import { decideGrant } from '../../core/decide';
import { nextDay } from '../../core/pseudonym';
import type { RejectReason } from '../../core/reasons';
import type { Millis } from '../../core/time';
import type { GatewayAdapter, Recognised } from '../gateways/gateway';
import { type Portal, storing } from '../portal';
import { languageOf, translator } from '../respond';
import { usedToday } from '../used-today';
import { showMessage } from './errors';

/** Somebody who has had what the site allows. */
export interface Refusal {
  readonly site: Site;
  readonly adapter: GatewayAdapter;
  readonly reason: RejectReason;
  /** From when on the visitor may accept again. */
  readonly until: Millis;
}

/** Says what is used up, and until when. */
export function showUsedUp(portal: Portal, request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const { site, adapter, reason, until } = refusal;
  portal.log.debug('visit-rejected', { site: site.id, nas: adapter.id, reason });
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  const moment = portal.town.formats.get(language)?.moment(until, portal.clock.now()) ?? '';
  const key = reason === 'time-used-up' ? 'time-up' : site.rules.octetsPer === 'day' ? 'used-up.day' : 'used-up';
  showMessage(portal, request, response, {
    status: 403,
    title: t(`${key}.title`),
    paragraphs: [t(`${key}.text`, { until: moment })],
  });
}

type Rejected = Extract<Recognised, { stage: 'captive' }>;

/**
 * What a visitor has used up whom the gateway just rejected: trying again would end here once more. Where the gateway
 * does not vouch for the device, its account is not opened for whoever names it; then the gateway's own word has to do.
 */
export async function whatIsUsedUp(
  portal: Portal,
  { adapter, site }: Pick<Refusal, 'adapter' | 'site'>,
  { visit: { device }, told }: Rejected,
): Promise<Pick<Refusal, 'reason' | 'until'> | undefined> {
  const now = portal.clock.now();
  const { timeZone } = portal.town.config.town;
  if (adapter.vouches) {
    const applicant = {
      before: await storing(portal.store.findGrant(site.id, device, now)),
      usedToday: await usedToday(portal, site, device, now),
    };
    const decided = decideGrant(applicant, site.rules, now, timeZone);
    return decided.accept ? undefined : decided;
  }
  const isByDay = site.rules.octetsPer === 'day';
  return told === 'octets-used-up' && isByDay ? { reason: told, until: nextDay(now, timeZone) } : undefined;
}
