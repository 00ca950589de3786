import { isUnknownCause, type Outage, type OutageCause } from './health';
import { common, type Interval, joined, lengthOf, without } from './intervals';
import type { Millis } from './time';

/** How a time was spent, in milliseconds. The sum of all is that time. */
export interface Availability {
  readonly up: Millis;
  /** Down by itself. */
  readonly down: Millis;
  /** Not to be reached because its uplink was down. */
  readonly parentDown: Millis;
  /** Planned work. Counted neither for nor against it, whatever happened. */
  readonly maintenance: Millis;
  /** Before it was first seen, while nobody watched or could, and while only its SNMP agent was silent. Counted neither for nor against it. */
  readonly unknown: Millis;
}

/** What is kept about an access point. */
export interface History {
  /** When it first answered; undefined if it never did. */
  readonly firstSeenAt?: Millis | undefined;
  /** One that still lasts counts up to the end of the time asked about. */
  readonly outages: readonly Outage[];
  /** When no controller watched. */
  readonly unwatched: readonly Interval[];
  readonly maintenance?: readonly Interval[];
}

export const NOTHING: Availability = { up: 0, down: 0, parentDown: 0, maintenance: 0, unknown: 0 };

/** @param spans  the time asked about, a window or the opening hours in it; it ends at most now */
export function availability(spans: readonly Interval[], history: History): Availability {
  let rest = joined(spans);
  const start = rest[0]?.from ?? 0;
  const end = rest.at(-1)?.to ?? 0;
  const take = (layer: readonly Interval[]): Millis => {
    const parts = joined(layer);
    const taken = lengthOf(common(rest, parts));
    rest = without(rest, parts);
    return taken;
  };
  const outagesBy = (isMeant: (cause: OutageCause | undefined) => boolean): Interval[] =>
    history.outages.filter(({ cause }) => isMeant(cause)).map(({ from, to }) => ({ from, to: to ?? end }));

  const unseen = take([{ from: start, to: history.firstSeenAt ?? end }]);
  const maintenance = take(history.maintenance ?? []);
  const unknown = unseen + take([...history.unwatched, ...outagesBy(isUnknownCause)]);
  const down = take(outagesBy((cause) => !isUnknownCause(cause) && cause !== 'uplink'));
  const parentDown = take(outagesBy((cause) => cause === 'uplink'));
  return { up: lengthOf(rest), down, parentDown, maintenance, unknown };
}

export function sum(all: readonly Availability[]): Availability {
  return all.reduce(
    (a, b) => ({
      up: a.up + b.up,
      down: a.down + b.down,
      parentDown: a.parentDown + b.parentDown,
      maintenance: a.maintenance + b.maintenance,
      unknown: a.unknown + b.unknown,
    }),
    NOTHING,
  );
}

/** The share of the known time that was up, from 0 to 1; undefined if nothing is known. That of the device: what its uplink did is left out. */
export function upRatio({ up, down }: Availability): number | undefined {
  return up + down === 0 ? undefined : up / (up + down);
}

/** The same as users saw it: what is out of reach does not work, whose fault it may be. */
export function usableRatio({ up, down, parentDown }: Availability): number | undefined {
  return upRatio({ ...NOTHING, up, down: down + parentDown });
}
