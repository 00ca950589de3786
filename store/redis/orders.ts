import type { GrantId } from '../../core/ids';
import { type EndOrder, isOver, KEEP_OUT_AFTER_MS } from '../../core/session-end';
import { HOUR, type Millis } from '../../core/time';
import { SESSION_AFTERGLOW_MS } from '../store';
import type { Change } from './change';
import type { GatewayKeys } from './keys';
import { encode, type SessionRecord } from './records';

/** When an order is forgotten. One that nobody settled is one for a gateway that is gone. */
function forgottenAt({ settled, orderedAt }: EndOrder): Millis {
  return (settled?.at ?? orderedAt + HOUR) + SESSION_AFTERGLOW_MS;
}

/** Writes an order in the place of what lies there, or removes it. */
export function writeOrder(
  change: Change,
  of: GatewayKeys,
  name: string,
  lying: string | null,
  order: EndOrder | undefined,
): void {
  change.expect(of.orders, name, lying);
  if (order === undefined) {
    for (const key of [of.ordersDue, of.ordersUntil]) change.write('ZREM', key, name);
    change.write('HDEL', of.orders, name);
    return;
  }
  change.write('HSET', of.orders, name, encode(order)).write('ZADD', of.ordersUntil, forgottenAt(order), name);
  if (order.settled === undefined) change.write('ZADD', of.ordersDue, order.dueAt, name);
  else change.write('ZREM', of.ordersDue, name);
}

/**
 * What becomes of an order when accounting tells of its session: the order from now on, or undefined if it goes.
 * @param session  its record, as it is from now on
 */
export async function noteEnd(
  order: EndOrder,
  session: SessionRecord,
  at: Millis,
  grantLives: (id: GrantId) => Promise<boolean>,
): Promise<EndOrder | undefined> {
  const { username: _, settled, ...rest } = order;
  if (session.endedAt !== undefined) {
    return settled?.result === 'done' ? order : { ...rest, settled: { at, result: 'done' } };
  }
  if (settled === undefined || rest.kind !== undefined || !isOver(settled.result)) return order;
  if (session.grantId !== undefined && (await grantLives(session.grantId))) return undefined;
  const { username } = session;
  const dueAt = Math.max(at, order.orderedAt + KEEP_OUT_AFTER_MS);
  return { ...rest, ...(username !== undefined && { username }), dueAt, tries: 0 };
}
