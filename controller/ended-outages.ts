import { causeOf, type Health, OUTAGE_CAUSES, type OutageCause, type OutageChange } from '../core/health';
import type { SiteId } from '../core/ids';

/** The reason of an outage as it is shown: `unknown` where nothing told it. */
export const OUTAGE_REASONS = [...OUTAGE_CAUSES, 'unknown'] as const;
export type OutageReason = OutageCause | 'unknown';

/** Why the outage that a change ends was; undefined if the change ends none. */
export function reasonOfEnded(before: Health, change: OutageChange): OutageReason | undefined {
  if (change.kind === 'open') return undefined;
  const told = change.kind === 'close' ? change.cause : undefined;
  return told ?? causeOf(before) ?? 'unknown';
}

/** How many outages ended at each site since this process started, by their reason: only then is that known. */
export class EndedOutages {
  readonly #sites = new Map<SiteId, Map<OutageReason, number>>();

  count(site: SiteId, reason: OutageReason): void {
    const reasons = this.#sites.get(site) ?? new Map<OutageReason, number>();
    this.#sites.set(site, reasons.set(reason, (reasons.get(reason) ?? 0) + 1));
  }

  of(site: SiteId, reason: OutageReason): number {
    return this.#sites.get(site)?.get(reason) ?? 0;
  }
}
