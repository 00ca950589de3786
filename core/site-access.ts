import { nextBlockingChange } from './blocking';
import { type Exam, isRunning } from './exam';
import { openingAt } from './opening-hours';
import type { SiteRules } from './rules';
import { nextReacceptance } from './terms';
import type { Millis } from './time';

/**
 * Whether a site lets anybody online at a moment. The one answer for RADIUS, for the portal's pages and for the moment
 * at which sessions are ended.
 */
export type SiteAccess =
  /** `until`: nobody's session may last longer; at the latest never (infinity). */
  | { readonly isOpen: true; readonly until: Millis }
  /** `until`: when it opens again, if that is known. */
  | { readonly isOpen: false; readonly reason: 'site-closed' | 'exam'; readonly until?: Millis };

/** @param exam  the exam that the site has set, whether or not it is over */
export function siteAccess(rules: SiteRules, now: Millis, exam?: Exam): SiteAccess {
  const shut = whyShut(rules, now, exam);
  if (shut !== undefined) {
    const opens = opensAt(rules, now, exam);
    return { isOpen: false, reason: shut, ...(opens !== undefined && { until: opens }) };
  }
  const closes = rules.openingHours && openingAt(rules.openingHours, now).changesAt;
  const until = Math.min(
    closes ?? Number.POSITIVE_INFINITY,
    nextReacceptance(rules.terms ?? [], now),
    nextBlockingChange(rules.blockings ?? [], now),
  );
  return { isOpen: true, until };
}

function whyShut({ openingHours }: SiteRules, at: Millis, exam: Exam | undefined): 'site-closed' | 'exam' | undefined {
  if (openingHours !== undefined && !openingAt(openingHours, at).isOpen) return 'site-closed';
  return exam !== undefined && isRunning(exam, at) ? 'exam' : undefined;
}

/** An exam may end when the school has closed already, and the school may open while an exam still runs. */
function opensAt(rules: SiteRules, now: Millis, exam: Exam | undefined): Millis | undefined {
  const wait = (at: Millis): Millis | undefined => {
    const shut = whyShut(rules, at, exam);
    if (shut === undefined) return at;
    return shut === 'exam' ? exam?.until : rules.openingHours && openingAt(rules.openingHours, at).changesAt;
  };
  let at: Millis | undefined = now;
  // Hours, exam, hours again: then it is open.
  for (let step = 0; step < 3 && at !== undefined; step++) at = wait(at);
  return at;
}
