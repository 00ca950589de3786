import { createHash } from 'node:crypto';
import type { Config } from '../config/schema';
import type { SiteId } from '../core/ids';
import { type Millis, SECOND } from '../core/time';
import type { Cancel, Clock } from '../runtime/clock';
import { derived, type Live } from '../runtime/live';
import type { Random } from '../runtime/random';
import type { LeaseStore } from '../store/store';
import { PIECES, piecesOf } from './groups';

const WORK = 'access-points';
/** Of a poll interval: how often a controller says that it is there, and how long it is believed. */
const CLAIM_EVERY = 1 / 4;
const BELIEVED_FOR = 3 / 5;
/** However short the interval is. */
const CLAIM_LEAST_MS = 1 * SECOND;
const BELIEVED_LEAST_MS = 3 * SECOND;

/** What of the town this controller watches. */
export interface Watching {
  holds(site: SiteId): boolean;
  /** How many other controllers see their access points. */
  readonly others: number;
  /** Whether what it holds is certainly still its own. */
  readonly isCertain: boolean;
  /** Whether all other controllers have the same list of access points in their configuration. */
  readonly isAgreed: boolean;
}

/** A controller that is alone. */
export const EVERYTHING: Watching = { holds: () => true, others: 0, isCertain: true, isAgreed: true };

export interface ShareContext {
  readonly config: Live<Config>;
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * This controller's share of the town. While the store does not answer it keeps what it has as long as others believe
 * it; after that they may have it, so it lets go. If there are no others it goes on.
 */
export class Share implements Watching {
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #pieces: () => ReadonlyMap<SiteId, number>;
  readonly #list: () => string;
  #held: ReadonlySet<number> = new Set();
  #certainUntil = Number.NEGATIVE_INFINITY;
  #cancelEnd: Cancel = () => {};
  others = 0;
  isAgreed = false;

  constructor({ config, store, clock, random }: ShareContext) {
    this.#store = store;
    this.#clock = clock;
    this.#name = random.word();
    this.#pieces = derived(config, piecesOf);
    this.#list = derived(config, wordFor);
  }

  static every(periodMs: Millis): Millis {
    return Math.max(CLAIM_EVERY * periodMs, CLAIM_LEAST_MS);
  }

  holds(site: SiteId): boolean {
    return this.#held.has(this.#pieces().get(site) ?? -1);
  }

  get isCertain(): boolean {
    return this.#clock.monotonic() < this.#certainUntil;
  }

  /**
   * Claims its share.
   * @param able  whether it sees anything
   * @param onLost  called when it has to let go at once: it could not claim again in time, or hears that others may have
   *   had pieces meanwhile
   * @returns what it gets beyond what it has, and what it has to let go, at once or after it has stopped its work there
   * @throws what the store throws
   */
  async claim(
    periodMs: Millis,
    able: boolean,
    onLost: () => void,
  ): Promise<{ next: ReadonlySet<number>; excess: readonly number[] }> {
    const believedFor = Math.max(BELIEVED_FOR * periodMs, BELIEVED_LEAST_MS);
    const [now, began] = [this.#clock.now(), this.#clock.monotonic()];
    const asked = { work: WORK, pieces: PIECES, holder: this.#name, now, until: now + believedFor, able };
    const { held, taken, excess, others, agreed } = await this.#store.claim({ ...asked, knows: this.#list() });
    // First, because what it knows of these must not reach the store once it is certain again.
    this.#loseAllBut(new Set(held.filter((piece) => !taken.includes(piece))), onLost);
    this.others = others;
    this.isAgreed = agreed;
    this.#certainUntil = began + believedFor;
    this.#cancelEnd();
    const left = this.#certainUntil - this.#clock.monotonic();
    this.#cancelEnd = this.#clock.after(Math.max(0, left), () => this.#ended(onLost));
    return { next: new Set(held.filter((piece) => !excess.includes(piece))), excess };
  }

  /** From now on this is what it holds. */
  hold(pieces: ReadonlySet<number>): void {
    this.#held = pieces;
  }

  get held(): ReadonlySet<number> {
    return this.#held;
  }

  /** Others may have these now; without `pieces`: everything, because it stops. */
  async giveUp(pieces?: readonly number[]): Promise<void> {
    if (pieces === undefined) this.#cancelEnd();
    await this.#store.giveUp(WORK, this.#name, pieces);
  }

  #ended(onLost: () => void): void {
    if (this.others > 0) this.#loseAllBut(new Set(), onLost);
  }

  #loseAllBut(own: ReadonlySet<number>, onLost: () => void): void {
    const left = new Set([...this.#held].filter((piece) => own.has(piece)));
    if (left.size === this.#held.size) return;
    this.#held = left;
    onLost();
  }
}

/** For which access points there are, whatever their order. */
function wordFor({ accessPoints }: Config): string {
  const ids = accessPoints.map(({ id }) => id).sort();
  return createHash('sha256').update(ids.join(' ')).digest('base64url').slice(0, 22);
}
