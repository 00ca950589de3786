import type { AccessPoint, Config } from '../config/schema';
import { afterGap, type Health, type OutageChange, unknownSince, watchTolerance } from '../core/health';
import type { ApId } from '../core/ids';
import { type Millis, SECOND } from '../core/time';
import type { Clock } from '../runtime/clock';
import type { Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import type { HealthStore } from '../store/store';
import type { PollResult } from './probe/probe';
import { WatchedAp } from './watched-ap';

export interface WatchContext {
  readonly config: Live<Config>;
  readonly store: HealthStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** The health of all access points: folds polls into it, keeps it in the store and says what changed. */
export class Watch {
  readonly #config: Live<Config>;
  readonly #store: HealthStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watched = new Map<ApId, WatchedAp>();
  /** Polls and changes of the configuration take turns, so that the store sees them in order. */
  readonly #turns = new Map<ApId, Promise<void>>();
  #lastWord: Millis = 0;
  /** When the last pause ended. What was asked before it and answered after it tells nothing. */
  #pausedUntil: Millis = 0;
  #storeFailed = false;

  constructor({ config, store, clock, log }: WatchContext) {
    this.#config = config;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether the store refuses to keep what happens. */
  get storeFailed(): boolean {
    return this.#storeFailed;
  }

  all(): Iterable<WatchedAp> {
    return this.#watched.values();
  }

  get(ap: ApId): WatchedAp | undefined {
    return this.#watched.get(ap);
  }

  /**
   * Takes up the watch where a former process left it. Polls in a row from before are continued only if the time
   * between was short enough to count as watched.
   */
  async load(): Promise<void> {
    const now = this.#clock.now();
    await this.#store.watch(now, this.#tolerance());
    this.#lastWord = now;
    const kept = new Map([...(await this.#store.allHealth())].map(([ap, { health }]) => [ap, health]));
    const streaks = [...kept.values()].flatMap(({ streakFrom }) => streakFrom ?? []);
    const gaps =
      streaks.length === 0
        ? []
        : await this.#store.unwatched({ from: Math.min(...streaks), to: now }, this.#tolerance());
    const lastGapTo = Math.max(...gaps.map(({ to }) => to), Number.NEGATIVE_INFINITY);
    for (const ap of this.#config.current.accessPoints) {
      const health = kept.get(ap.id);
      const interrupted = health?.streakFrom !== undefined && health.streakFrom < lastGapTo;
      this.#add(ap, health, health && interrupted ? afterGap(health) : health);
    }
    for (const [ap, health] of kept) if (!this.#watched.has(ap)) await this.#retire(ap, health);
    await this.#forEach();
  }

  /** Follows a changed configuration. */
  async follow(): Promise<void> {
    const { accessPoints } = this.#config.current;
    const ids = new Set(accessPoints.map((ap) => ap.id));
    const gone = [...this.#watched.values()].filter(({ config }) => !ids.has(config.id));
    for (const { config } of gone) this.#watched.delete(config.id);
    for (const ap of accessPoints) {
      const watched = this.#watched.get(ap.id);
      if (watched === undefined) this.#add(ap, undefined, undefined);
      else watched.config = ap;
    }
    await Promise.all(
      gone.map((watched) => this.#inTurn(watched.config.id, () => this.#retire(watched.config.id, watched.health))),
    );
    await this.#forEach();
  }

  /** Records a poll that was made at `at`. */
  async record(ap: ApId, result: PollResult, at: Millis): Promise<void> {
    if (this.#wasPaused()) await this.goOn();
    if (at < this.#pausedUntil) return;
    await this.#inTurn(ap, async () => {
      const watched = this.#watched.get(ap);
      if (watched === undefined) return;
      const before = watched.health;
      const change = watched.fold(result, at, this.#config.current.controller);
      if (change !== undefined) this.#tell(watched, before, change, at);
      await this.#keep(watched);
    });
  }

  /** Says that the watch goes on; after a pause (a suspended machine, a stalled process) streaks are broken off. */
  async goOn(): Promise<void> {
    const now = this.#clock.now();
    const paused = this.#wasPaused();
    this.#lastWord = now;
    // A clock that was ahead and has been set right is no reason to ignore polls until it gets there again.
    if (paused || now < this.#pausedUntil) this.#pausedUntil = now;
    await this.#guarded(() => this.#store.watch(now, this.#tolerance()));
    if (paused) await this.#forEach((watched) => watched.replaceHealth(afterGap(watched.health)));
  }

  #wasPaused(): boolean {
    return this.#clock.now() - this.#lastWord > this.#tolerance();
  }

  #tolerance(): Millis {
    return watchTolerance(this.#config.current.controller.pollSeconds);
  }

  #add(ap: AccessPoint, kept: Health | undefined, health: Health | undefined): void {
    const now = this.#clock.now();
    this.#watched.set(ap.id, new WatchedAp(ap, kept, health ?? unknownSince(now), now));
  }

  /** Nobody watches an access point that is no longer configured: its outage ends here and it is unknown from now on. */
  async #retire(ap: ApId, health: Health): Promise<void> {
    if (health.state === 'unknown') return;
    const now = this.#clock.now();
    await this.#guarded(() =>
      health.state === 'down'
        ? this.#store.putHealth(ap, unknownSince(now), { kind: 'close', to: now })
        : this.#store.putHealth(ap, unknownSince(now)),
    );
  }

  #tell(watched: WatchedAp, before: Health, change: OutageChange, at: Millis): void {
    const { id: ap, site } = watched.config;
    const seconds = (from: Millis, to: Millis): number => Math.round((to - from) / SECOND);
    if (change.kind === 'open') {
      this.#log.warn('outage-opened', { ap, site, durationSeconds: seconds(change.from, at) });
    } else {
      this.#log.info('outage-closed', { ap, site, durationSeconds: seconds(before.since, change.to) });
    }
  }

  /** Does something to every access point, each in its turn, and keeps the outcome. */
  async #forEach(change: (watched: WatchedAp) => void = () => {}): Promise<void> {
    await Promise.all(
      [...this.#watched.values()].map((watched) =>
        this.#inTurn(watched.config.id, () => {
          change(watched);
          return this.#keep(watched);
        }),
      ),
    );
  }

  /** Hands the store what it does not have yet, in order. What it refuses stays for the next poll. */
  async #keep(watched: WatchedAp): Promise<void> {
    for (let entry = watched.unkept[0]; entry !== undefined; entry = watched.unkept[0]) {
      const { health, change } = entry;
      const kept = await this.#guarded(() => this.#store.putHealth(watched.config.id, health, change));
      if (!kept) return;
      watched.unkept.shift();
    }
  }

  /** False if the store refuses. Said once, until it accepts again: with many access points it would flood the log. */
  async #guarded(operation: () => Promise<void>): Promise<boolean> {
    try {
      await operation();
      this.#storeFailed = false;
      return true;
    } catch (err) {
      if (!this.#storeFailed) this.#log.error('health-not-kept', { err });
      this.#storeFailed = true;
      return false;
    }
  }

  #inTurn(ap: ApId, task: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(ap) ?? Promise.resolve()).then(task);
    this.#turns.set(ap, turn);
    return turn.finally(() => {
      if (this.#turns.get(ap) === turn) this.#turns.delete(ap);
    });
  }
}
