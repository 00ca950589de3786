import { Gauge } from 'prom-client';
import { keyScope } from '../core/pseudonym';
import { type Audit, RECORD_NAMES } from '../core/records';
import { HOUR, type Millis, SECOND } from '../core/time';
import type { Log } from '../runtime/log';
import { PREFIX, type Registry, SCRAPE_PATIENCE_MS } from '../runtime/metrics';
import { within } from '../runtime/within';
import type { AuditStore } from './store';

/**
 * Looks every night, when the keys of the day before have just been destroyed, whether anything is still there that must
 * be gone; what it found stays in the store until the next night. As long as it finds something it looks every hour.
 */
export class SelfAudit {
  readonly #store: AuditStore;
  readonly #timeZone: () => string;
  readonly #log: Log;

  constructor(store: AuditStore, timeZone: () => string, log: Log) {
    this.#store = store;
    this.#timeZone = timeZone;
    this.#log = log.child({ role: 'store' });
  }

  /** To be called often, each time after the store forgot what it had to. */
  readonly look = async (now: Millis): Promise<void> => {
    try {
      if (this.#isDue(await this.#store.lastAudit(), now)) await this.#audit(now);
    } catch (err) {
      this.#log.error('privacy-audit-failed', { err });
    }
  };

  #isDue(last: Audit | undefined, now: Millis): boolean {
    if (last === undefined || last.at > now) return true;
    const day = (at: Millis): string => keyScope('', at, this.#timeZone()).day;
    return day(last.at) !== day(now) || (last.overdue.length > 0 && last.at + HOUR <= now);
  }

  async #audit(now: Millis): Promise<void> {
    const census = await this.#store.census(now);
    const overdue = [...census].flatMap(([of, held]) => (held.overdue === 0 ? [] : [{ of, count: held.overdue }]));
    await this.#store.putAudit({ at: now, overdue });
    for (const { of, count } of overdue) this.#log.error('privacy-audit-hit', { reason: of, count });
    if (overdue.length === 0) this.#log.info('privacy-audit-passed');
  }
}

/** What the last audit found, and when it was: asked of the store at each scrape, whoever audited. */
export function auditGauges(registry: Registry, lastAudit: () => Promise<Audit | undefined>): void {
  new Gauge({
    name: `${PREFIX}privacy_audit_hits`,
    help: 'Records that the last privacy audit found beyond their time, by class of record.',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      const audit = await within(SCRAPE_PATIENCE_MS, lastAudit()).catch(() => undefined);
      this.reset();
      if (audit === undefined) return;
      for (const kind of RECORD_NAMES) this.set({ kind }, 0);
      for (const { of, count } of audit.overdue) this.set({ kind: of }, count);
    },
  });
  new Gauge({
    name: `${PREFIX}privacy_audit_timestamp_seconds`,
    help: 'When the last privacy audit was; 0 if there was none yet.',
    registers: [registry],
    async collect() {
      const last = await within(SCRAPE_PATIENCE_MS, lastAudit()).catch(() => 'unknown' as const);
      // Without labels reset() would say 0.
      this.remove();
      if (last !== 'unknown') this.set((last?.at ?? 0) / SECOND);
    },
  });
}
