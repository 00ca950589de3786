import type { SiteId } from './ids';
import type { Interval } from './intervals';
import { DAY, HOUR, localDate, type Millis, momentOf } from './time';

/**
 * A device is stored as `trunc128(HMAC-SHA-256(K[site, day], address))`. This file decides which key that is and how
 * long it lives; drawing, wrapping and using keys is the store's affair (store/pseudonyms).
 */
export interface KeyScope {
  readonly site: SiteId;
  /** Local date, changing at four in the morning, when the fewest sessions run. */
  readonly day: string;
}

const CHANGE_OF_DAY = 4 * HOUR;

/** The scope of a pseudonym made at this moment. Equal devices at two sites or on two days have unrelated pseudonyms. */
export function keyScope(site: SiteId, now: Millis, timeZone: string): KeyScope {
  return { site, day: localDate(now - CHANGE_OF_DAY, timeZone) };
}

/** When the next day begins, four in the morning. */
export function nextDay(now: Millis, timeZone: string): Millis {
  return dayOf(localDate(now - CHANGE_OF_DAY, timeZone), timeZone).to;
}

/** From when to when the day of a key lasts: from four in the morning to four in the morning. */
export function dayOf(day: string, timeZone: string): Interval {
  const from = Date.parse(day) + CHANGE_OF_DAY;
  return { from: momentOf(from, timeZone), to: momentOf(from + DAY, timeZone) };
}

/** A key dies when its day is over and the last grant made under it has expired: from then on nothing can be linked. */
export function keyIsDead(key: { day: string; lastExpiry: Millis }, now: Millis, timeZone: string): boolean {
  return key.day !== localDate(now - CHANGE_OF_DAY, timeZone) && key.lastExpiry <= now;
}
