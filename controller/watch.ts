import { maintenancePlans } from '../config/maintenance';
import type { AccessPoint, Config } from '../config/schema';
import {
  afterGap,
  type Health,
  isDown,
  isUnknownCause,
  type MissKind,
  type OutageChange,
  unknownSince,
  watchTolerance,
} from '../core/health';
import type { ApId } from '../core/ids';
import { covers, type MaintenanceWindow } from '../core/maintenance';
import type { MissReason } from '../core/reasons';
import { type Millis, SECOND } from '../core/time';
import { pathFrom, type Uplinks, uplinksOf } from '../core/uplinks';
import type { Clock } from '../runtime/clock';
import type { Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import type { HealthStore } from '../store/store';
import { EndedOutages, reasonOfEnded } from './ended-outages';
import { notices } from './notices';
import { presentMaintenance } from './planned-work';
import type { PollResult } from './probe/probe';
import { FEW, type Judgement, Sight, type SightPolicy } from './sight';
import { type Tally, tally } from './tally';
import { type Miss, WatchedAp } from './watched-ap';

export interface WatchContext {
  readonly config: Live<Config>;
  readonly store: HealthStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** The host sent something, so that it and the way to it work. */
const HOST_ANSWERS: ReadonlySet<MissReason> = new Set<MissReason>(['refused', 'access-refused', 'malformed', 'error']);

/** Nothing was even sent: that is no sign of the access point. */
const NOT_ASKED: ReadonlySet<MissReason> = new Set<MissReason>(['unreachable', 'unresolved']);

/** With all its tries. A single access point that answers is heard once in an interval, more or less this. */
const LONGEST_POLL_MS = 7 * SECOND;

/** What falls together is a large share from here on. */
const LARGE_SHARE = 0.2;

/** Something was there to answer, be it only the controller of the access point: our own line works. */
const SIGHT: ReadonlySet<MissReason> = new Set<MissReason>([...HOST_ANSWERS, 'member-unknown', 'member-down']);

/** The health of all access points: folds polls into it, keeps it in the store and says what changed. */
export class Watch {
  readonly #config: Live<Config>;
  readonly #store: HealthStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watched = new Map<ApId, WatchedAp>();
  /** Polls and changes of the configuration take turns, so that the store sees them in order. The last turn stays. */
  readonly #turns = new Map<ApId, Promise<void>>();
  readonly #sight: Sight;
  #uplinks: Uplinks = new Map();
  #work: readonly MaintenanceWindow[] = [];
  #lastWord: Millis = 0;
  /** When the last pause ended. What was asked before it and answered after it tells nothing. */
  #pausedUntil: Millis = 0;
  #storeFailed = false;
  #counted: (Tally & { readonly at: Millis }) | undefined;
  readonly ended = new EndedOutages();
  /** To whom the controller has no way, though others answer. */
  readonly #unseen = new Set<ApId>();

  constructor({ config, store, clock, log }: WatchContext) {
    this.#config = config;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#sight = new Sight(clock);
  }

  /** Whether the controller itself is cut off, so that nothing is known about any access point. */
  get isBlind(): boolean {
    return this.#sight.isBlind;
  }

  /** To how many access points the controller has no way, though others answer. */
  get unseen(): number {
    return this.#unseen.size;
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
    this.#uplinks = uplinksOf(this.#config.current);
    for (const ap of this.#config.current.accessPoints) {
      const health = kept.get(ap.id);
      const interrupted = health?.streakFrom !== undefined && health.streakFrom < lastGapTo;
      this.#add(ap, health, health && interrupted ? afterGap(health) : health);
    }
    for (const [ap, health] of kept) if (!this.#watched.has(ap)) await this.#retire(ap, health);
    await this.#forEach();
    await this.#lookAtWork();
  }

  /** Follows a changed configuration. */
  async follow(): Promise<void> {
    const { accessPoints } = this.#config.current;
    this.#uplinks = uplinksOf(this.#config.current);
    const ids = new Set(accessPoints.map((ap) => ap.id));
    const gone = [...this.#watched.values()].filter(({ config }) => !ids.has(config.id));
    for (const { config } of gone) {
      this.#watched.delete(config.id);
      this.#unseen.delete(config.id);
    }
    for (const ap of accessPoints) {
      const watched = this.#watched.get(ap.id);
      if (watched === undefined) this.#add(ap, undefined, undefined);
      else watched.config = ap;
    }
    await Promise.all(
      gone.map((watched) => this.#inTurn(watched.config.id, () => this.#retire(watched.config.id, watched.health))),
    );
    await this.#forEach();
    await this.#lookAtWork();
  }

  /** Records a poll that was made at `at`. */
  async record(ap: ApId, result: PollResult, at: Millis): Promise<void> {
    if (this.#wasPaused()) await this.goOn();
    if (at < this.#pausedUntil) return;
    if (result.answered || SIGHT.has(result.reason)) {
      const silence = this.#sight.answered(at);
      if (this.#sight.isBlind) await this.#seeAgain(at);
      else if (silence > this.#sightPolicy().periodMs + LONGEST_POLL_MS && this.#tally().suspect >= FEW)
        await this.#countAnew(at);
    }
    if (this.#sight.isBlind) return;
    const policy = this.#config.current.controller;
    await this.#inTurn(ap, async () => {
      const watched = this.#watched.get(ap);
      if (watched === undefined) return;
      const before = watched.health;
      const miss = result.answered ? undefined : await this.#missOf(watched, result.reason, at);
      if (miss === 'blind') return;
      const change = result.answered ? watched.answer(result.sample, at, policy) : miss && watched.miss(miss, policy);
      if (change !== undefined) this.#tell(watched, before, change, at);
      await this.#keep(watched);
    });
  }

  /** Why a poll was missed, as far as others show it. */
  async #missOf(watched: WatchedAp, reason: MissReason, at: Millis): Promise<Miss | 'blind'> {
    const path = pathFrom(watched.config.id, this.#uplinks).map((id) => this.#watched.get(id)?.health);
    const isUplinkDown = path.some((health) => health && isDown(health) && !isUnknownCause(health.cause));
    if (HOST_ANSWERS.has(reason)) return { at, why: 'agent', isUndecided: false };
    if (isUplinkDown) return { at, why: 'uplink', isUndecided: false };
    const isUplinkSuspect = path.some((health) => health?.state === 'suspect');
    const judgement = await this.#judge(watched.health, at);
    const why: MissKind = judgement === 'partly' || NOT_ASKED.has(reason) ? 'unseen' : 'silent';
    if (judgement !== 'blind') return { at, why, isUndecided: isUplinkSuspect || judgement === 'unsure' };
    if (!this.#sight.isBlind) await this.#goBlind();
    return 'blind';
  }

  /** Looks at the controller itself before an access point is called down. */
  #judge({ state, since, streak, streakFrom = 0, cause }: Health, at: Millis): Promise<Judgement> | Judgement {
    const policy = this.#sightPolicy();
    const falls = (state === 'up' || state === 'suspect') && streak + 1 >= policy.misses;
    const isUnseen = cause === 'unseen';
    if (!falls && !isUnseen) return 'sees';
    const { suspect, standing, fallen } = this.#tally();
    const falling = suspect + fallen;
    const isMass = isUnseen || (falling >= FEW && falling >= LARGE_SHARE * (standing + fallen));
    const missedFrom = isUnseen ? since : streak === 0 ? at : streakFrom;
    return this.#sight.judge({ streakFrom: missedFrom, at, standing, isMass }, policy);
  }

  /** Counts them at most once a second: when many fall, each asks. */
  #tally(): Tally {
    const now = this.#clock.monotonic();
    if (this.#counted === undefined || now - this.#counted.at >= SECOND) {
      const { periodMs, misses } = this.#sightPolicy();
      this.#counted = { at: now, ...tally(this.#watched.values(), this.#clock.now() - 2 * misses * periodMs) };
    }
    return this.#counted;
  }

  #sightPolicy(): SightPolicy {
    const { pollSeconds, missesUntilDown, ownConnection } = this.#config.current.controller;
    return { periodMs: pollSeconds * SECOND, misses: missesUntilDown, targets: ownConnection };
  }

  /** The controller is cut off, and nobody watched since the last answer. */
  async #goBlind(): Promise<void> {
    const since = this.#sight.lastAnswerAt ?? this.#clock.now();
    this.#sight.isBlind = true;
    this.#log.error('controller-blind', { durationSeconds: Math.round((this.#clock.now() - since) / SECOND) });
    await this.#guarded(() => this.#store.watch(since, this.#tolerance()));
  }

  /** When no access point has answered for a while, the devices beside the controller tell whose fault that is. */
  async #lookAround(now: Millis): Promise<void> {
    const policy = this.#sightPolicy();
    const isQuiet = now - (this.#sight.lastAnswerAt ?? now) > policy.periodMs;
    if (isQuiet && policy.targets.length > 0 && (await this.#sight.targetsAnswer(policy))) this.#sight.answered(now);
  }

  /** Nothing answered for a while, and then something did: what was missed meanwhile tells of the controller's line. */
  async #countAnew(at: Millis): Promise<void> {
    this.#pausedUntil = at;
    await this.#forEach((watched) => watched.replaceHealth(afterGap(watched.health)));
  }

  /** Something answered a poll, or beside the controller, at that time: from then on misses count anew. */
  async #seeAgain(at: Millis): Promise<void> {
    this.#sight.isBlind = false;
    this.#pausedUntil = at;
    this.#log.info('controller-sees-again');
    await this.#guarded(() => this.#store.watch(at, 0));
    await this.#forEach((watched) => watched.replaceHealth(afterGap(watched.health)));
  }

  /** Says that the watch goes on; after a pause (a suspended machine, a stalled process) streaks are broken off. */
  async goOn(): Promise<void> {
    const now = this.#clock.now();
    const paused = this.#wasPaused();
    this.#lastWord = now;
    if (this.#sight.isBlind) {
      const policy = this.#sightPolicy();
      if (policy.targets.length === 0 || !(await this.#sight.targetsAnswer(policy))) return;
      if (this.#sight.isBlind) await this.#seeAgain(now);
    } else await this.#lookAround(now);
    // A clock that was ahead and has been set right is no reason to ignore polls until it gets there again.
    if (paused || now < this.#pausedUntil) this.#pausedUntil = now;
    await this.#guarded(() => this.#store.watch(now, this.#tolerance()));
    if (paused) await this.#forEach((watched) => watched.replaceHealth(afterGap(watched.health)));
    await this.#lookAtWork();
  }

  /** Which work runs now, and on what. */
  async #lookAtWork(): Promise<void> {
    const plans = maintenancePlans(this.#config.current);
    try {
      this.#work = await presentMaintenance(this.#store, plans, this.#clock.now());
    } catch (err) {
      this.#refused(err);
    }
    for (const watched of this.#watched.values()) {
      const { config } = watched;
      watched.inMaintenance =
        this.#work.length > 0 &&
        this.#work.some((window) => covers(window, config, pathFrom(config.id, this.#uplinks)));
    }
  }

  #wasPaused(): boolean {
    return this.#clock.now() - this.#lastWord > this.#tolerance();
  }

  #tolerance(): Millis {
    return watchTolerance(this.#config.current.controller.pollSeconds);
  }

  #add(ap: AccessPoint, kept: Health | undefined, health: Health | undefined): void {
    const now = this.#clock.now();
    if (health?.cause === 'unseen') this.#unseen.add(ap.id);
    this.#watched.set(ap.id, new WatchedAp(ap, kept, health ?? unknownSince(now), this.#sight, now));
  }

  /** Nobody watches an access point that is no longer configured: its outage ends here and it is unknown from now on. */
  async #retire(ap: ApId, health: Health): Promise<void> {
    if (health.state === 'unknown') return;
    const now = this.#clock.now();
    await this.#guarded(() =>
      isDown(health)
        ? this.#store.putHealth(ap, unknownSince(now), { kind: 'close', to: now })
        : this.#store.putHealth(ap, unknownSince(now)),
    );
  }

  #tell(watched: WatchedAp, before: Health, change: OutageChange, at: Millis): void {
    notices(this.#log, watched, { before, change, at });
    this.#noteUnseen(watched);
    const reason = reasonOfEnded(before, change);
    if (reason !== undefined) this.ended.count(watched.config.site, reason);
    if (change.kind === 'open' && !isUnknownCause(change.cause)) void this.#blameFor(watched, change.from);
  }

  /** One line in the log for all of them. */
  #noteUnseen({ config: { id }, health }: WatchedAp): void {
    const wasSome = this.#unseen.size > 0;
    if (health.cause === 'unseen') this.#unseen.add(id);
    else this.#unseen.delete(id);
    const isSome = this.#unseen.size > 0;
    if (isSome && !wasSome) this.#log.error('controller-partly-blind', { ap: id });
    if (wasSome && !isSome) this.#log.info('controller-sees-all-again');
  }

  /** What fell hardly before its uplink fell because of that. */
  async #blameFor({ config: { id } }: WatchedAp, from: Millis): Promise<void> {
    const earliest = from - this.#config.current.controller.pollSeconds * SECOND;
    const isBlamed = ({ config, health }: WatchedAp): boolean =>
      health.state === 'down' &&
      health.cause === undefined &&
      health.since >= earliest &&
      pathFrom(config.id, this.#uplinks).includes(id);
    const fallen = [...this.#watched.values()].filter(isBlamed);
    await Promise.all(
      fallen.map((watched) =>
        this.#inTurn(watched.config.id, () => {
          if (isBlamed(watched)) watched.blameUplink();
          return this.#keep(watched);
        }),
      ),
    );
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
      this.#refused(err);
      return false;
    }
  }

  #refused(err: unknown): void {
    if (!this.#storeFailed) this.#log.error('health-not-kept', { err });
    this.#storeFailed = true;
  }

  #inTurn(ap: ApId, task: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(ap) ?? Promise.resolve()).then(task, task);
    this.#turns.set(ap, turn);
    return turn;
  }
}
