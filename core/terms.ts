import type { Millis } from './time';

/** One version of the binding text. The text itself lies in config/terms/<language>/<version>.md. */
export interface Terms {
  /** A date or number that sorts, for example `2026-11`. */
  readonly version: string;
  readonly validFrom: Millis;
}

/** The version in force at a moment: the newest whose validity has begun, or undefined before the first. */
export function termsInForce(all: readonly Terms[], now: Millis): Terms | undefined {
  return all
    .filter((terms) => terms.validFrom <= now)
    .reduce<Terms | undefined>(
      (newest, terms) => (newest && newest.validFrom >= terms.validFrom ? newest : terms),
      undefined,
    );
}
