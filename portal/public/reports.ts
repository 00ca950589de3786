import type { Site } from '../../config/schema';
import { type Millis, SECOND } from '../../core/time';
import { type Portal, storing } from '../portal';
import { type SiteReport, siteReport } from './site-report';

/** A minute's rush on a school's page reckons its figures once in this time. */
const FRESH = 5 * SECOND;

interface Kept {
  readonly at: Millis;
  readonly report: Promise<SiteReport>;
}

/** The reports of sites, each made at most every few seconds. */
export class Reports {
  readonly #portal: Portal;
  readonly #kept = new WeakMap<Site, Kept>();

  constructor(portal: Portal) {
    this.#portal = portal;
  }

  /** @param site  of the present configuration; one that was exchanged has reports of its own */
  of(site: Site): Promise<SiteReport> {
    const { store, town, clock } = this.#portal;
    const now = clock.now();
    const kept = this.#kept.get(site);
    if (kept !== undefined && kept.at <= now && now - kept.at < FRESH) return kept.report;
    const report = storing(siteReport(store, town.config, site, now));
    this.#kept.set(site, { at: now, report });
    report.catch(() => this.#kept.delete(site));
    return report;
  }
}
