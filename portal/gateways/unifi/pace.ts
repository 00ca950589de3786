import type { Millis } from '../../../core/time';
import { SECOND } from '../../../core/time';

/** A whole town may come from one address: this lets a full square in within a minute, and stops a flood. */
const AT_ONCE = 300;
const PER_SECOND = 10;
const MOST_SOURCES = 10_000;

interface Bucket {
  tokens: number;
  at: Millis;
}

/** How fast one source may have visitors let in. Sources live here, in memory, and nowhere else. */
export class Pace {
  readonly #buckets = new Map<string, Bucket>();

  /** @param now  of the monotonic clock */
  allows(source: string, now: Millis): boolean {
    const bucket = this.#buckets.get(source) ?? { tokens: AT_ONCE, at: now };
    bucket.tokens = Math.min(AT_ONCE, bucket.tokens + ((now - bucket.at) / SECOND) * PER_SECOND);
    bucket.at = now;
    if (!this.#buckets.has(source) && this.#buckets.size >= MOST_SOURCES) this.#buckets.clear();
    this.#buckets.set(source, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
