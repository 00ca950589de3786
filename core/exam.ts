import type { SiteId } from './ids';
import { DAY, type Millis } from './time';

/** A school holds an exam: until then nobody is online at the site. */
export interface Exam {
  readonly site: SiteId;
  readonly until: Millis;
}

/** Nobody writes an exam for longer; a slip of the keyboard must not close a school for a year. */
export const LONGEST_EXAM: Millis = DAY;

export function isRunning(exam: Exam, now: Millis): boolean {
  return now < exam.until;
}
