import type { Health, Outage } from '../../core/health';
import { type Interval, within } from '../../core/intervals';
import { type MaintenanceWindow, timeOf } from '../../core/maintenance';
import type { Millis } from '../../core/time';
import type { HealthStore } from '../../store/store';

type Kept<T> = { -readonly [Key in keyof T]: T[Key] };

const overlaps = ({ from, to }: { from: Millis; to?: Millis }, window: Interval): boolean =>
  from < window.to && (to === undefined || to > window.from);

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** What a store keeps of access points, in lists. */
export function healthModel(): { operations: HealthStore; forget: (historyBefore: Millis) => void } {
  const health = new Map<string, { health: Health; firstSeenAt?: Millis }>();
  let outages: (Kept<Outage> & { ap: string })[] = [];
  let maintenance: MaintenanceWindow[] = [];
  let unwatched: Interval[] = [];
  let watchedUntil = 0;
  const operations: HealthStore = {
    putHealth: async (ap, next, change) => {
      const firstSeenAt = health.get(ap)?.firstSeenAt ?? next.lastSeenAt;
      health.set(ap, { health: next, ...(firstSeenAt !== undefined && { firstSeenAt }) });
      const lasting = outages.find((outage) => outage.ap === ap && outage.to === undefined);
      const cause = change?.cause === undefined ? {} : { cause: change.cause };
      const begin = (from: Millis) => {
        outages = outages.filter((outage) => outage.ap !== ap || outage.from !== from);
        outages.push({ ap, from, ...cause });
        outages.sort((a, b) => a.from - b.from);
      };
      if (change?.kind === 'open') begin(lasting?.from ?? change.from);
      if (change?.kind === 'close' && lasting !== undefined) Object.assign(lasting, { to: change.to, ...cause });
      if (change?.kind === 'turn') {
        if (lasting !== undefined) lasting.to = change.at;
        begin(change.at);
      }
    },
    healthOf: async (aps) =>
      new Map(
        aps.flatMap((ap) => {
          const kept = health.get(ap);
          return kept === undefined ? [] : [[ap, kept.health]];
        }),
      ),
    allHealth: async () => new Map(health),
    outages: async (ap, window) =>
      outages.filter((outage) => outage.ap === ap && overlaps(outage, window)).map(({ ap: _, ...outage }) => outage),
    watch: async (now, tolerance) => {
      if (now - watchedUntil > tolerance) unwatched.push({ from: watchedUntil, to: now });
      if (now < watchedUntil) unwatched = within({ from: 0, to: now }, unwatched);
      watchedUntil = now;
    },
    unwatched: async (window, tolerance) => {
      const silence = { from: watchedUntil, to: window.to };
      return within(window, window.to - watchedUntil > tolerance ? [...unwatched, silence] : unwatched);
    },
    putMaintenance: async (window) => {
      maintenance = [...maintenance.filter(({ id }) => id !== window.id), window];
    },
    maintenance: async (asked) =>
      maintenance
        .filter((window) => overlaps(timeOf(window), asked))
        .toSorted((a, b) => a.from - b.from || compare(a.id, b.id)),
  };
  const forget = (historyBefore: Millis): void => {
    for (const [ap, { health: kept }] of health) {
      if (kept.state === 'unknown' && kept.since <= historyBefore) health.delete(ap);
    }
    outages = outages.filter(({ to }) => to === undefined || to > historyBefore);
    unwatched = unwatched.filter(({ to }) => to > historyBefore);
    maintenance = maintenance.filter((window) => timeOf(window).to > historyBefore);
  };
  return { operations, forget };
}
