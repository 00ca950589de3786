import { Counter, Gauge } from 'prom-client';
import type { Millis } from '../../core/time';
import { PREFIX, type Registry } from '../../runtime/metrics';

/**
 * Why a connection or a request was ended: too many altogether, too many of one source, not taken in time, asked again
 * before the answer was there.
 */
export const DROPPED = ['full', 'source', 'slow', 'impatient'] as const;
export type Dropped = (typeof DROPPED)[number];

/** What the portal's ports count. */
export class ServingMetrics {
  readonly #dropped: Counter<'reason'>;
  readonly #expires: Gauge;

  constructor(registry: Registry) {
    this.#dropped = new Counter({
      name: `${PREFIX}portal_dropped_total`,
      help: 'Connections and requests that the portal ended: full (too many, the longest silent made room), source (too many of one), slow (answer not taken), impatient (asked again before the answer).',
      labelNames: ['reason'],
      registers: [registry],
    });
    this.#expires = new Gauge({
      name: `${PREFIX}portal_certificate_expiry_timestamp_seconds`,
      help: 'When the certificate in use expires, in seconds since 1970; 0 without portal.tls.',
      // Of several workers it is that of the one whose certificate expires first.
      aggregator: 'min',
      registers: [registry],
    });
    for (const reason of DROPPED) this.#dropped.inc({ reason }, 0);
  }

  dropped(reason: Dropped): void {
    this.#dropped.inc({ reason });
  }

  certificateExpires(at: Millis): void {
    this.#expires.set(at / 1000);
  }
}
