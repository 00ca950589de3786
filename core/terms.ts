import type { Millis } from './time';

/** One version of the binding text. The text itself lies in config/terms/<language>/<version>.md. */
export interface Terms {
  /** A date or number that sorts, for example `2026-11`. */
  readonly version: string;
  readonly validFrom: Millis;
  /** Whether who accepted an earlier version has to accept this one, too. A corrected comma does not ask for it. */
  readonly reaccept?: boolean;
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

/** Does the acceptance of a version still count at a moment? One that is not listed any more does not. */
export function isStillAccepted(all: readonly Terms[], version: string, now: Millis): boolean {
  const accepted = all.find((terms) => terms.version === version);
  if (accepted === undefined) return all.length === 0;
  return !all.some(
    ({ validFrom, reaccept }) => reaccept !== false && accepted.validFrom < validFrom && validFrom <= now,
  );
}

/** When the next version comes into force that everybody has to accept. */
export function nextReacceptance(all: readonly Terms[], now: Millis): Millis {
  let next = Number.POSITIVE_INFINITY;
  for (const { validFrom, reaccept } of all) {
    if (reaccept !== false && now < validFrom && validFrom < next) next = validFrom;
  }
  return next;
}
