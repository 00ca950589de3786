import { createHash } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { DAY, HOUR, type Millis } from '../core/time';
import type { Random } from '../runtime/random';

/** After this time half of what somebody used is forgotten. */
const HALF_LIFE_MS = HOUR;
/** For so long whoever came through the gateway is taken for its visitors. */
const CONFIRMED_FOR = DAY;
/** Beyond it the one that was not seen for the longest is forgotten. */
const MOST_SOURCES = 10_000;
const SALT_OCTETS = 16;
/** A home has a /56 at most, with 256 networks in it; a /64 alone would be no bound for who sits there. */
const OCTETS_OF_A_HOME = 7;

/** What one source has of something that many want. All times are of the monotonic clock. */
export class Share {
  #used = 0;
  #countedAt: Millis;
  #confirmedAt = Number.NEGATIVE_INFINITY;

  constructor(now: Millis) {
    this.#countedAt = now;
  }

  used(now: Millis): number {
    this.#used *= 0.5 ** ((now - this.#countedAt) / HALF_LIFE_MS);
    this.#countedAt = now;
    return this.#used;
  }

  take(): void {
    this.#used += 1;
  }

  giveBack(): void {
    this.#used = Math.max(0, this.#used - 1);
  }

  /** Somebody who came from there was there. */
  confirm(now: Millis): void {
    this.#confirmedAt = now;
  }

  isConfirmed(now: Millis): boolean {
    return now < this.#confirmedAt + CONFIRMED_FOR;
  }
}

/**
 * The shares of all sources. Where a request comes from is not kept: only a hash that serves until the next start, in
 * memory, because with the salt of this start nobody can reckon it but us.
 */
export class Shares {
  readonly #shares = new Map<string, Share>();
  readonly #salt: Buffer;

  constructor(random: Random) {
    this.#salt = random.bytes(SALT_OCTETS);
  }

  /** @param what  what is counted apart */
  of(what: string, source: string, now: Millis): Share {
    const key = createHash('sha256')
      .update(this.#salt)
      .update(`${what} ${homeOf(source)}`)
      .digest('base64');
    const share = this.#shares.get(key) ?? new Share(now);
    // At the end again: a flood of new sources pushes out its own, not those that go on coming.
    this.#shares.delete(key);
    this.#shares.set(key, share);
    for (const [oldest] of this.#shares) {
      if (this.#shares.size <= MOST_SOURCES) break;
      this.#shares.delete(oldest);
    }
    return share;
  }
}

function homeOf(source: string): string {
  if (!ipaddr.isValid(source)) return '';
  const address = ipaddr.process(source);
  return address.kind() === 'ipv6' ? address.toByteArray().slice(0, OCTETS_OF_A_HOME).join(':') : address.toString();
}
