import { z } from 'zod';
import type { Config, Gateway } from '../config/schema';
import type { OrderResult } from '../core/reasons';
import type { SessionName } from '../core/session-end';
import { MINUTE } from '../core/time';
import type { AdminCommand } from '../runtime/admin';
import { type Clock, pause } from '../runtime/clock';
import type { Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import type { EndStore } from '../store/store';

/** Where the running product takes the orders; commands/sessions-end.ts gives them. */
export const END_SESSIONS = '/admin/sessions/end';
export const REFRESH_SESSIONS = '/admin/sessions/refresh';

interface Tools {
  readonly store: EndStore;
  readonly clock: Clock;
  readonly log: Log;
}

const order = z.union([z.strictObject({ site: z.string() }), z.strictObject({ gateway: z.string() })]);

const LOOK_EVERY_MS = 200;
/** Longer than the RADIUS role needs to give up a gateway that does not answer. */
const PATIENCE = 1 * MINUTE;

/** Ends the sessions of a site or gateway and says of each how its gateway took it. */
export function endSessions({ store, clock, log }: Tools): AdminCommand {
  return async (asked, say) => {
    const scope = order.parse(asked);
    const { grants, sessions } = await store.orderEnd(scope, clock.now());
    log.info('sessions-end-ordered', {
      ...('site' in scope ? { site: scope.site } : { nas: scope.gateway }),
      count: sessions.length,
    });
    say({ grants, sessions: sessions.length });
    await follow({ store, clock, say }, sessions);
  };
}

/** Tells the gateways of a site, or one of them, the limits that hold now for each session, and says how they took it. */
export function refreshSessions({ config, store, clock, log }: Tools & { config: Live<Config> }): AdminCommand {
  return async (asked, say) => {
    const scope = order.parse(asked);
    const isMeant = (gateway: Gateway): boolean =>
      'site' in scope ? gateway.site === scope.site : gateway.id === scope.gateway;
    const sessions: SessionName[] = [];
    for (const gateway of config.current.gateways) {
      // Others than RADIUS know no change of limits.
      if (!isMeant(gateway) || !('radius' in gateway)) continue;
      sessions.push(...(await store.orderLimits({ gateway: gateway.id }, clock.now())));
    }
    log.info('sessions-refresh-ordered', { count: sessions.length });
    say({ grants: 0, sessions: sessions.length });
    await follow({ store, clock, say }, sessions);
  };
}

interface Following {
  readonly store: EndStore;
  readonly clock: Clock;
  readonly say: (line: object) => void;
}

/** Says of each order how it went, as soon as that is known. */
async function follow({ store, clock, say }: Following, sessions: readonly SessionName[]): Promise<void> {
  const giveUpAt = clock.monotonic() + PATIENCE;
  let open = sessions;
  while (open.length > 0) {
    const stillOpen: SessionName[] = [];
    for (const session of open) {
      const result = await resultOf(store, session);
      if (result !== undefined) say({ gateway: session.gateway, result });
      else if (clock.monotonic() > giveUpAt) say({ gateway: session.gateway, result: 'no-answer' });
      else stillOpen.push(session);
    }
    open = stillOpen;
    if (open.length > 0) await pause(clock, LOOK_EVERY_MS);
  }
}

/** How an order went; undefined while it is under way. One that is not there any more went well. */
async function resultOf(store: EndStore, session: SessionName): Promise<OrderResult | undefined> {
  const order = await store.getEnd(session);
  return order === undefined ? 'done' : order.settled?.result;
}
