import { createHash } from 'node:crypto';
import { HOUR, type Millis } from '../core/time';
import type { Random } from '../runtime/random';
import { groupOf } from './serving/crowd';

/** So many at once, and then so many an hour. */
export interface Rate {
  readonly atOnce: number;
  readonly perHour: number;
}

/** Lets things through at a rate. All times are of the monotonic clock. */
export class Bucket {
  #left: number;
  #countedAt: Millis;

  constructor({ atOnce }: Rate, now: Millis) {
    this.#left = atOnce;
    this.#countedAt = now;
  }

  /** Whether there is room for one. */
  hasRoom(rate: Rate, now: Millis): boolean {
    return this.left(rate, now) >= 1;
  }

  /** For how many there is room. */
  left({ atOnce, perHour }: Rate, now: Millis): number {
    this.#left = Math.min(atOnce, this.#left + ((now - this.#countedAt) / HOUR) * perHour);
    this.#countedAt = now;
    return this.#left;
  }

  take(): void {
    this.#left -= 1;
  }

  /** It turned out not to count. */
  giveBack(): void {
    this.#left += 1;
  }
}

/** Beyond it the oldest is forgotten, and begins anew. */
const MOST_SOURCES = 10_000;
const SALT_OCTETS = 16;

/**
 * Counts what each source does. Where a request comes from is not kept: only a hash that serves until the next start, in
 * memory, because with the salt of this start nobody can reckon it but us.
 */
export class SourcePace {
  readonly #buckets = new Map<string, Bucket>();
  readonly #salt: Buffer;

  constructor(random: Random) {
    this.#salt = random.bytes(SALT_OCTETS);
  }

  /** A device with IPv6 has as many addresses as it likes, so its /64 counts */
  #bucketOf(source: string, rate: Rate, now: Millis): Bucket {
    const key = createHash('sha256').update(this.#salt).update(groupOf(source)).digest('base64');
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    for (const [oldest] of this.#buckets) {
      if (this.#buckets.size < MOST_SOURCES) break;
      this.#buckets.delete(oldest);
    }
    const bucket = new Bucket(rate, now);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Takes one of what the source may do; false if it has done it all. */
  allows(source: string, rate: Rate, now: Millis): boolean {
    const bucket = this.#bucketOf(source, rate, now);
    if (!bucket.hasRoom(rate, now)) return false;
    bucket.take();
    return true;
  }
}
