import { isOver, type SessionName } from '../core/session-end';
import { SECOND } from '../core/time';
import { pause } from '../runtime/clock';
import type { Connection } from './connection';
import type { GatewayAdapter } from './gateways/gateway';
import { type Portal, storing } from './portal';

/**
 * How the end of a connection went. Its grant is gone in any case.
 * - `ended`: the gateway says so
 * - `under-way`: the gateway is being told
 * - `not-reached`: the gateway did not do it, so the device may stay online until the time is over
 * - `unknown`: nobody told us of a session, so only the gateway itself can end one
 */
export const ENDINGS = ['ended', 'under-way', 'not-reached', 'unknown'] as const;
export type Ending = (typeof ENDINGS)[number];

/** The longest that a visitor waits for the gateway after the tap. */
export const END_WITHIN_MS = 3 * SECOND;
const LOOK_EVERY_MS = 100;

/** Ends the grant, then everything that it opened at a gateway. Doing it again does no harm. */
export async function endConnection(
  portal: Portal,
  { grant }: Connection,
  adapter: GatewayAdapter | undefined,
): Promise<Ending> {
  const { store, clock } = portal;
  const { grants, sessions } = await storing(store.orderEnd({ grant }, clock.now()));
  if (adapter?.end !== undefined) {
    const result = await adapter.end(grant);
    if (result === 'done') return 'ended';
    if (result !== 'session-unknown') return 'not-reached';
    // It forgets whom it let in when it starts anew; what was ended before is known to be over.
    return grants === 0 ? 'ended' : 'unknown';
  }
  if (sessions.length > 0) return endOf(portal, sessions);
  return grants === 0 ? 'ended' : 'unknown';
}

/** Waits until the orders are settled, or as long as a visitor may be kept waiting. */
async function endOf({ store, clock }: Portal, sessions: readonly SessionName[]): Promise<Ending> {
  const giveUpAt = clock.monotonic() + END_WITHIN_MS;
  for (;;) {
    const orders = await storing(Promise.all(sessions.map((session) => store.getEnd(session))));
    // One that is not there any more was settled a while ago.
    const open = orders.filter((order) => order !== undefined && order.settled === undefined);
    if (open.length === 0) {
      const results = orders.flatMap((order) => order?.settled?.result ?? []);
      return results.every(isOver) ? 'ended' : 'not-reached';
    }
    if (clock.monotonic() >= giveUpAt) return 'under-way';
    await pause(clock, LOOK_EVERY_MS);
  }
}
