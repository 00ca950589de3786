import type { SiteId } from './ids';
import { HOUR, localDate, MINUTE, type Millis, momentOf } from './time';

/** A school holds an exam: until then nobody is online at the site. */
export interface Exam {
  readonly site: SiteId;
  readonly until: Millis;
}

/**
 * The moment at which the town's clocks show a time today, `12:30`: exams end on the day on which they begin.
 * @returns undefined if it is no time, or over already
 */
export function examEnd(text: string, now: Millis, timeZone: string): Millis | undefined {
  const { hours, minutes } = /^(?<hours>[01]?\d|2[0-3]):(?<minutes>[0-5]\d)$/.exec(text.trim())?.groups ?? {};
  if (hours === undefined || minutes === undefined) return undefined;
  const today = Date.parse(localDate(now, timeZone));
  const at = momentOf(today + Number(hours) * HOUR + Number(minutes) * MINUTE, timeZone);
  return at > now ? at : undefined;
}

export function isRunning(exam: Exam, now: Millis): boolean {
  return now < exam.until;
}
