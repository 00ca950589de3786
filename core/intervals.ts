import type { Millis } from './time';

/** A stretch of time: `from` belongs to it, `to` does not. */
export interface Interval {
  readonly from: Millis;
  readonly to: Millis;
}

/** The parts of `intervals` inside `window`, joined where they touch, in order. */
export function within(window: Interval, intervals: readonly Interval[]): Interval[] {
  const clipped = intervals
    .map(({ from, to }) => ({ from: Math.max(from, window.from), to: Math.min(to, window.to) }))
    .filter(({ from, to }) => from < to)
    .sort((a, b) => a.from - b.from);
  const joined: Interval[] = [];
  for (const next of clipped) {
    const last = joined.at(-1);
    if (last !== undefined && next.from <= last.to) {
      joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, next.to) };
    } else joined.push(next);
  }
  return joined;
}

/** What lies in the window but in none of the intervals. */
export function outside(window: Interval, intervals: readonly Interval[]): Interval[] {
  const gaps: Interval[] = [];
  let from = window.from;
  for (const covered of within(window, intervals)) {
    if (from < covered.from) gaps.push({ from, to: covered.from });
    from = covered.to;
  }
  if (from < window.to) gaps.push({ from, to: window.to });
  return gaps;
}

/** The total length in milliseconds of intervals that do not overlap. */
export function lengthOf(intervals: readonly Interval[]): Millis {
  return intervals.reduce((total, { from, to }) => total + (to - from), 0);
}
