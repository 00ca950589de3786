import type { Interval } from './intervals';
import { DAY, localDate, MINUTE, type Millis, momentOf } from './time';

export const WEEKDAYS = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** On these days a site is open from one time to another, in minutes since midnight; 1440 is the end of the day. */
export interface OpeningPeriod {
  readonly days: readonly Weekday[];
  readonly from: number;
  readonly to: number;
}

export interface OpeningHours {
  readonly timeZone: string;
  readonly periods: readonly OpeningPeriod[];
  /** Holidays: local dates such as `2026-12-24` on which the site stays closed. */
  readonly closedOn?: ReadonlySet<string>;
}

/** Every day from its beginning to its end. */
export const ALWAYS: readonly OpeningPeriod[] = [{ days: WEEKDAYS, from: 0, to: 1440 }];

/**
 * Whether a site is open, and when that changes. One that does not close within a week, or not open within a year, has
 * no such moment.
 */
export interface Opening {
  readonly isOpen: boolean;
  readonly changesAt?: Millis;
}

/** What was found out last about these hours holds until the next change; asking a time zone costs far more. */
const lately = new WeakMap<OpeningHours, { readonly since: Millis; readonly opening: Opening }>();

export function openingAt(hours: OpeningHours, now: Millis): Opening {
  const last = lately.get(hours);
  const changesAt = last?.opening.changesAt;
  if (last !== undefined && changesAt !== undefined && last.since <= now && now < changesAt) return last.opening;
  const opening = look(hours, now);
  lately.set(hours, { since: now, opening });
  return opening;
}

function look(hours: OpeningHours, now: Millis): Opening {
  const spans = spansFrom(hours, now, WEEK);
  // Spans that meet or overlap are one: a night from Saturday 20:00 to 24:00 and Sunday 0:00 to 4:00.
  let until: Millis | undefined;
  for (const { from, to } of spans) {
    if (from <= (until ?? now) && to > (until ?? now)) until = to;
  }
  if (until === undefined) {
    const later = (): { from: Millis } | undefined => hours.closedOn && spansFrom(hours, now, YEAR)[0];
    const next = spans[0] ?? later();
    return { isOpen: false, ...(next !== undefined && { changesAt: next.from }) };
  }
  const isEndless = until >= now + 7 * DAY;
  return { isOpen: true, ...(!isEndless && { changesAt: until }) };
}

/** Days looked ahead: a whole week from any hour on; holidays may be longer. */
const WEEK = 9;
const YEAR = 370;

/** The whole spans in which a site is open that overlap a window, the earliest first. */
export function openSpans(hours: OpeningHours, window: Interval): Interval[] {
  const days = Math.ceil((window.to - window.from) / DAY) + 2;
  return spansFrom(hours, window.from, days).filter(({ from }) => from < window.to);
}

/** Every span of the coming days that is not over, the earliest first. */
function spansFrom(
  { timeZone, periods, closedOn }: OpeningHours,
  now: Millis,
  days: number,
): { from: Millis; to: Millis }[] {
  const today = Date.parse(localDate(now, timeZone));
  return Array.from({ length: days }, (_, ahead) => today + ahead * DAY)
    .filter((midnight) => closedOn?.has(new Date(midnight).toISOString().slice(0, 10)) !== true)
    .flatMap((midnight) => {
      // The first day of 1970 was a Thursday.
      const weekday = WEEKDAYS[(midnight / DAY + 3) % 7];
      return periods
        .filter(({ days }) => weekday !== undefined && days.includes(weekday))
        .map(({ from, to }) => ({
          from: momentOf(midnight + from * MINUTE, timeZone),
          to: momentOf(midnight + to * MINUTE, timeZone),
        }));
    })
    .filter(({ to }) => to > now)
    .sort((a, b) => a.from - b.from);
}
