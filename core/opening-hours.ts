import { DAY, localDate, MINUTE, type Millis, SECOND } from './time';

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
}

/** Whether a site is open, and when that changes; a site that never closes within a week has no such moment. */
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
  const spans = spansFrom(hours, now);
  // Spans that meet or overlap are one: a night from Saturday 20:00 to 24:00 and Sunday 0:00 to 4:00.
  let until: Millis | undefined;
  for (const { from, to } of spans) {
    if (from <= (until ?? now) && to > (until ?? now)) until = to;
  }
  if (until === undefined) {
    const next = spans.find(({ from }) => from > now);
    return { isOpen: false, ...(next !== undefined && { changesAt: next.from }) };
  }
  const isEndless = until >= now + 7 * DAY;
  return { isOpen: true, ...(!isEndless && { changesAt: until }) };
}

/** Every span of the coming week that is not over, the earliest first. */
function spansFrom({ timeZone, periods }: OpeningHours, now: Millis): { from: Millis; to: Millis }[] {
  const today = Date.parse(localDate(now, timeZone));
  return [0, 1, 2, 3, 4, 5, 6, 7, 8]
    .flatMap((ahead) => {
      const midnight = today + ahead * DAY;
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

/**
 * When a clock on the wall shows this time. One that the change to summer time leaves out is taken an hour later, one
 * that comes twice in autumn the second time.
 * @param wall  the local date and time as if they were UTC
 */
function momentOf(wall: Millis, timeZone: string): Millis {
  const near = wall - offsetAt(wall, timeZone);
  return wall - offsetAt(near, timeZone);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far the clocks of a time zone are ahead of UTC. */
function offsetAt(at: Millis, timeZone: string): Millis {
  let format = formats.get(timeZone);
  if (format === undefined) {
    // Swedish writes `2026-11-21 07:30:00`.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    formats.set(timeZone, format);
  }
  const whole = at - (at % SECOND);
  return Date.parse(`${format.format(whole).replace(' ', 'T')}Z`) - whole;
}
