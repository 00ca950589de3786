import { type Health, isDown, unknownSince } from '../core/health';
import type { ApId } from '../core/ids';
import type { Millis } from '../core/time';
import type { Log } from '../runtime/log';
import type { HealthStore } from '../store/store';
import type { Watching } from './share';
import type { WatchedAp } from './watched-ap';

/** Hands the store the health of access points, in order, and keeps what it refuses until it takes it. */
export class Keeper {
  readonly #store: HealthStore;
  readonly #log: Log;
  readonly #share: Watching;
  /** Polls and changes of the configuration take turns, so that the store sees them in order. The last turn stays. */
  readonly #turns = new Map<ApId, Promise<void>>();
  #storeFailed = false;

  constructor(store: HealthStore, log: Log, share: Watching) {
    this.#store = store;
    this.#log = log;
    this.#share = share;
  }

  /** Whether the store refuses to keep what happens. */
  get storeFailed(): boolean {
    return this.#storeFailed;
  }

  inTurn(ap: ApId, task: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(ap) ?? Promise.resolve()).then(task, task);
    this.#turns.set(ap, turn);
    return turn;
  }

  /** Does something to access points, each in its turn, and keeps the outcome. */
  async forEach(all: Iterable<WatchedAp>, change: (watched: WatchedAp) => void = () => {}): Promise<void> {
    const each = (watched: WatchedAp) =>
      this.inTurn(watched.config.id, () => {
        change(watched);
        return this.keep(watched);
      });
    await Promise.all([...all].map(each));
  }

  /** Hands over what the store does not have yet. What it refuses stays for the next poll. */
  async keep(watched: WatchedAp): Promise<void> {
    for (let entry = watched.unkept[0]; entry !== undefined; entry = watched.unkept[0]) {
      // Whoever was away for long may have lost the access point: what it knew must not replace what another knows.
      if (!this.#share.isCertain) return;
      const { health, change } = entry;
      const kept = await this.guarded(() => this.#store.putHealth(watched.config.id, health, change));
      if (!kept) return;
      watched.unkept.shift();
    }
  }

  /** Nobody watches an access point that is no longer configured: its outage ends here and it is unknown from now on. */
  async retire(ap: ApId, health: Health, now: Millis): Promise<void> {
    if (health.state === 'unknown') return;
    const next = unknownSince(now);
    const change = isDown(health) ? ({ kind: 'close', to: now } as const) : undefined;
    await this.guarded(() => this.#store.putHealth(ap, next, change));
  }

  /** False if the store refuses. Said once, until it accepts again: with many access points it would flood the log. */
  async guarded(operation: () => Promise<void>): Promise<boolean> {
    try {
      await operation();
      this.#storeFailed = false;
      return true;
    } catch (err) {
      this.refused(err);
      return false;
    }
  }

  refused(err: unknown): void {
    if (!this.#storeFailed) this.#log.error('health-not-kept', { err });
    this.#storeFailed = true;
  }
}
