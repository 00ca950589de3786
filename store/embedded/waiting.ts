import type { GatewayId } from '../../core/ids';
import type { Millis } from '../../core/time';
import { MOST_WAITING, type WaitingStore, type WaitingVisitor } from '../store';

interface Entry {
  readonly visitor: WaitingVisitor;
  /** How often the gateway was told. */
  told: number;
}

/**
 * In memory: this driver serves one process, an entry lives for two minutes at most, and nothing here is promised to
 * outlive a restart. So accepting costs no second write to the disk.
 */
export function waitingStore(): WaitingStore {
  const gateways = new Map<GatewayId, Map<string, Entry>>();
  /** Those of a gateway whose time is not over; the others are forgotten. */
  const living = (gateway: GatewayId, now: Millis): Map<string, Entry> => {
    const entries = gateways.get(gateway) ?? new Map<string, Entry>();
    for (const [id, { visitor }] of entries) if (visitor.expiresAt <= now) entries.delete(id);
    return entries;
  };
  return {
    putWaiting: async (visitor) => {
      const entries = living(visitor.gateway, visitor.since);
      // At the end of the line again, so that the first is the one who has waited longest.
      entries.delete(visitor.id);
      const [longest] = entries.keys();
      if (longest !== undefined && entries.size >= MOST_WAITING) entries.delete(longest);
      entries.set(visitor.id, { visitor, told: 0 });
      gateways.set(visitor.gateway, entries);
    },
    takeWaiting: async (gateway, limit, now) => {
      const entries = [...living(gateway, now).values()];
      const next = entries.sort((a, b) => a.told - b.told || a.visitor.since - b.visitor.since).slice(0, limit);
      return next.map((entry) => {
        entry.told += 1;
        return entry.visitor;
      });
    },
    settleWaiting: async (gateway, ids) => {
      for (const id of ids) gateways.get(gateway)?.delete(id);
    },
    forgetWaiting: async (gateway, before) => {
      const entries = gateways.get(gateway);
      for (const [id, { visitor }] of entries ?? []) if (visitor.since < before) entries?.delete(id);
    },
    // Everybody who waits asks ten times a second: going through all of them each time would be too much.
    isWaiting: async (gateway, id, now) => {
      const entry = gateways.get(gateway)?.get(id);
      return entry !== undefined && now < entry.visitor.expiresAt;
    },
  };
}
