import type { Millis } from './time';

/** A stretch of time: `from` belongs to it, `to` does not. */
export interface Interval {
  readonly from: Millis;
  readonly to: Millis;
}

/** The same time as intervals that neither overlap nor touch, in order. What takes and gives such lists is linear. */
export function joined(intervals: readonly Interval[]): Interval[] {
  const parts: Interval[] = [];
  for (const next of intervals.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from)) {
    const last = parts.at(-1);
    if (last !== undefined && next.from <= last.to) {
      parts[parts.length - 1] = { from: last.from, to: Math.max(last.to, next.to) };
    } else parts.push(next);
  }
  return parts;
}

/** What lies in both of two joined lists, joined. */
export function common(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const parts: Interval[] = [];
  for (let i = 0, j = 0; ; ) {
    const [left, right] = [a[i], b[j]];
    if (left === undefined || right === undefined) return parts;
    const part = { from: Math.max(left.from, right.from), to: Math.min(left.to, right.to) };
    if (part.from < part.to) parts.push(part);
    if (left.to < right.to) i++;
    else j++;
  }
}

/** What lies in the first of two joined lists but not in the second, joined. */
export function without(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const first = a[0];
  const last = a.at(-1);
  if (first === undefined || last === undefined) return [];
  const gaps: Interval[] = [];
  let from = first.from;
  for (const cut of b) {
    if (cut.from > from) gaps.push({ from, to: cut.from });
    from = Math.max(from, cut.to);
  }
  if (from < last.to) gaps.push({ from, to: last.to });
  return common(a, gaps);
}

/** The parts of `intervals` inside `window`, joined. */
export function within(window: Interval, intervals: readonly Interval[]): Interval[] {
  return common(joined([window]), joined(intervals));
}

/** What lies in the window but in none of the intervals, joined. */
export function outside(window: Interval, intervals: readonly Interval[]): Interval[] {
  return without(joined([window]), joined(intervals));
}

/** The total length in milliseconds of intervals that do not overlap. */
export function lengthOf(intervals: readonly Interval[]): Millis {
  return intervals.reduce((total, { from, to }) => total + (to - from), 0);
}
