import { DAY, HOUR, type Millis, SECOND } from '../../core/time';
import type { SessionStore } from '../../store/store';
import type { RadiusMetrics } from '../metrics';
import type { Nas } from '../nas';
import type { SessionName } from '../session-name';
import { type AccountingReport, readAccounting } from '../wire/accounting';
import { CODE } from '../wire/packet';
import type { Handler, Outcome } from './handler';

/**
 * A gateway's clock is believed if it differs by no more than this from ours: more than a clock is wrong by that takes
 * the local time for UTC, or that somebody set by an hour. A session is told by one clock then, whatever becomes of ours.
 */
const CLOCK_TOLERANCE = 3 * HOUR;

/** Kinds that draw a new id for each session. hostapd goes on with one, others count from the same number when they start. */
const DRAW_IDS: ReadonlySet<Nas['kind']> = new Set<Nas['kind']>(['uspot', 'coovachilli']);

const RECORDED: Outcome = { code: CODE.accountingResponse, attributes: [] };

/** Answers Accounting-Requests, and only once the store has the record: an answer means recorded [RFC 2866 4.2]. */
export function accountingHandler(store: SessionStore, metrics: RadiusMetrics, nameOf: SessionName): Handler {
  return async ({ packet, nas, receivedAt }) => {
    const report = readAccounting(packet, nas.viewPoint);
    if (report === undefined) return { dropped: 'incomplete' };
    const { status, sessionId, device, username, seconds, downloadOctets, uploadOctets } = report;
    // hostapd keeps no Class of a device that came by its address, but the name that it was given, which is its grant's.
    const grantId = report.grantId ?? (nas.kind === 'hostapd' ? username : undefined);
    if (status === 'on' || status === 'off') {
      // CoovaChilli sends these without a session id; they are about the gateway, so none is missing.
      await store.closeSessionsOf(nas.gateway, eventTime(report, receivedAt), receivedAt);
      metrics.recorded(status);
      return RECORDED;
    }
    if (sessionId === undefined) return { dropped: 'incomplete' };
    const used = await store.applyAccounting({
      kind: status,
      gateway: nas.gateway,
      site: nas.site,
      sessionId: nameOf(sessionId, device),
      idIsUnique: DRAW_IDS.has(nas.kind),
      grantId,
      username,
      eventAt: eventTime(report, receivedAt),
      receivedAt,
      seconds,
      downloadOctets,
      uploadOctets,
    });
    metrics.recorded(status);
    metrics.used(nas.site, used);
    return RECORDED;
  };
}

/**
 * When it happened. The gateway's own time stays the same however often it repeats the record, so it is taken if its
 * clock can be right; otherwise the time is reckoned back from the arrival. A delay of more than a day is no delay but
 * a fault of the gateway, and must not move traffic into another year.
 */
function eventTime({ eventSeconds, delaySeconds }: AccountingReport, receivedAt: Millis): Millis {
  const reckoned = receivedAt - Math.min(delaySeconds * SECOND, DAY);
  if (eventSeconds === undefined) return reckoned;
  const told = eventSeconds * SECOND;
  return Math.abs(told - reckoned) <= CLOCK_TOLERANCE ? told : reckoned;
}
