import type { Config } from '../../config/schema';
import { type Acceptance, decide } from '../../core/decide';
import type { GatewayId } from '../../core/ids';
import type { SiteRules } from '../../core/rules';
import { isStopped } from '../../core/session';
import type { EndOrder } from '../../core/session-end';
import { limitsFromStart } from '../../core/session-limits';
import type { Millis } from '../../core/time';
import type { GrantStore, SessionStore } from '../../store/store';
import type { ExamBoard } from '../exam-board';

/** What a session may do at this moment: these limits, nothing any more, or nobody knows which session it is. */
export type CurrentLimits = Acceptance | 'nothing' | 'session-unknown';

/** Where a device that was thrown out is let back in without its visitor noticing: gateways that ask by address. */
export function logsInByAddress({ gateways }: Config, id: GatewayId): boolean {
  const gateway = gateways.find((one) => one.id === id);
  if (gateway === undefined || !('radius' in gateway)) return false;
  return gateway.kind === 'hostapd' || gateway.radius.macAuthentication;
}

/** The limits of a running session by the rules of its site, as they are when its gateway is told. */
export async function currentLimits(
  order: EndOrder,
  rules: SiteRules | undefined,
  { store, exams }: { readonly store: GrantStore & SessionStore; readonly exams: ExamBoard },
  now: Millis,
): Promise<CurrentLimits> {
  const session = await store.getSession(order.gateway, order.sessionId);
  if (session === undefined || isStopped(session) || rules === undefined) return 'session-unknown';
  const grant = session.grantId === undefined ? undefined : await store.getGrant(session.grantId, now);
  if (grant === undefined) return 'session-unknown';
  const decision = decide(grant, rules, now, exams.at(order.site));
  return decision.accept ? limitsFromStart(decision.acceptance, session, now) : 'nothing';
}
