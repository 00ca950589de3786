import type { Millis } from './time';

/**
 * A rights holder may demand that the use of some information is blocked, if nothing else helps (DDG § 8). It is shown to
 * every visitor of the site, and ends by itself.
 */
export interface Blocking {
  readonly id: string;
  /** What cannot be reached: domains, addresses, ports. */
  readonly targets: readonly string[];
  /** Why, as visitors read it. */
  readonly reason: string;
  /** The name of a filter at the gateways (Filter-Id) that blocks the targets; undefined if the town's resolver does. */
  readonly filter?: string;
  readonly from: Millis;
  readonly until: Millis;
}

export function blockingsInForce(all: readonly Blocking[], now: Millis): readonly Blocking[] {
  return all.filter(({ from, until }) => from <= now && now < until);
}

/** When the next of them begins, or one ends that gateways were told of: then what they were told has to change. */
export function nextBlockingChange(all: readonly Blocking[], now: Millis): Millis {
  let next = Number.POSITIVE_INFINITY;
  for (const { from, until, filter } of all) {
    if (now < from && from < next) next = from;
    if (filter !== undefined && now < until && until < next) next = until;
  }
  return next;
}
