import { MINUTE, type Millis } from '../core/time';
import type { Clock } from '../runtime/clock';
import type { Log, LogFields } from '../runtime/log';

/** A packet flood must not become a flood of log lines. */
const BURST_MS = MINUTE;

/**
 * Writes the first line of a burst at once and then, for a minute, only counts; the next line tells how many it stands
 * for. Bursts are told apart by event, gateway and reason, all of which come from short lists.
 */
export class BurstLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #bursts = new Map<string, { readonly since: Millis; unsaid: number }>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  write(level: 'info' | 'warn' | 'error', event: string, fields: LogFields & { readonly reason: string }): void {
    const key = `${event} ${fields.nas ?? ''} ${fields.reason}`;
    const now = this.#clock.monotonic();
    const burst = this.#bursts.get(key);
    if (burst !== undefined && now - burst.since < BURST_MS) {
      burst.unsaid += 1;
      return;
    }
    this.#bursts.set(key, { since: now, unsaid: 0 });
    this.#log[level](event, { ...fields, count: 1 + (burst?.unsaid ?? 0) });
  }
}
