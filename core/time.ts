/** Milliseconds since 1970-01-01T00:00Z. Always passed in; only runtime/clock reads it. */
export type Millis = number;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a formatter costs far more than using it, so each time zone keeps its own. */
function dateFormat(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formats.set(timeZone, format);
  }
  return format;
}

/** Clocks differ from UTC by whole quarters of an hour, so within one the date does not change. */
const QUARTER = 15 * MINUTE;
const dates = new Map<string, { readonly quarter: number; readonly date: string }>();

/** The local calendar date of a moment, as `2026-11-21`. */
export function localDate(at: Millis, timeZone: string): string {
  const quarter = Math.floor(at / QUARTER);
  const last = dates.get(timeZone);
  if (last?.quarter === quarter) return last.date;
  const date = dateFormat(timeZone).format(at);
  dates.set(timeZone, { quarter, date });
  return date;
}

/** The start of the full hour that holds `at`. Hours of UTC: totals stay comparable when the clocks change. */
export function startOfHour(at: Millis): Millis {
  return at - (at % HOUR);
}

/** The start of the month of UTC that holds `at`. */
export function startOfMonth(at: Millis): Millis {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

/**
 * When a clock on the wall shows this time. One that the change to summer time leaves out is taken an hour later, one
 * that comes twice in autumn the second time.
 * @param wall  the local date and time as if they were UTC
 */
export function momentOf(wall: Millis, timeZone: string): Millis {
  const near = wall - offsetAt(wall, timeZone);
  return wall - offsetAt(near, timeZone);
}

const timeFormats = new Map<string, Intl.DateTimeFormat>();

/** How far the clocks of a time zone are ahead of UTC. */
function offsetAt(at: Millis, timeZone: string): Millis {
  let format = timeFormats.get(timeZone);
  if (format === undefined) {
    // Swedish writes `2026-11-21 07:30:00`.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    timeFormats.set(timeZone, format);
  }
  const whole = at - (at % SECOND);
  return Date.parse(`${format.format(whole).replace(' ', 'T')}Z`) - whole;
}
