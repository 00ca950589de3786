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
import type { ApId, SiteId } from '../core/ids';
import { covers, type MaintenanceWindow } from '../core/maintenance';
import type { MissReason } from '../core/reasons';
import { type Millis, SECOND } from '../core/time';
import { pathFrom, type Uplinks, uplinksOf } from '../core/uplinks';
import type { Clock } from '../runtime/clock';
import type { Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import type { HealthStore } from '../store/store';
import { EndedOutages, reasonOfEnded } from './ended-outages';
import { Keeper } from './keeper';
import { notices } from './notices';
import { presentMaintenance } from './planned-work';
import type { PollResult } from './probe/probe';
import { EVERYTHING, type Watching } from './share';
import { FEW, HOST_ANSWERS, type Judgement, NOT_ASKED, SIGHT, Sight, type SightPolicy } from './sight';
import { Strays } from './strays';
import { type Tally, tally } from './tally';
import { type Miss, WatchedAp } from './watched-ap';

export interface WatchContext {
  readonly config: Live<Config>;
  readonly store: HealthStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Without it there is one controller. */
  readonly share?: Watching;
}

/** With all its tries. A single access point that answers is heard once in an interval, more or less this. */
const LONGEST_POLL_MS = 7 * SECOND;

/** In poll intervals: how long a controller that saw nothing leaves everything to others. */
const TRY_AGAIN_AFTER = 10;

/** What falls together is a large share from here on. */
const LARGE_SHARE = 0.2;

/** The health of all access points: folds polls into it, keeps it in the store and says what changed. */
export class Watch {
  readonly #config: Live<Config>;
  readonly #store: HealthStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #share: Watching;
  readonly #keeper: Keeper;
  readonly #watched = new Map<ApId, WatchedAp>();
  readonly #strays: Strays;
  readonly #sight: Sight;
  #uplinks: Uplinks = new Map();
  #work: readonly MaintenanceWindow[] = [];
  #lastWord: Millis = 0;
  /** When the last pause ended. What was asked before it and answered after it tells nothing. */
  #pausedUntil: Millis = 0;
  /** Since when it sees nothing, while other controllers do. */
  #lostSince: Millis | undefined;
  #counted: (Tally & { readonly at: Millis }) | undefined;
  readonly ended = new EndedOutages();
  /** To whom the controller has no way, though others answer. */
  readonly #unseen = new Set<ApId>();

  constructor({ config, store, clock, log, share = EVERYTHING }: WatchContext) {
    this.#config = config;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#share = share;
    this.#keeper = new Keeper(store, log, share);
    this.#strays = new Strays({ config, store, share }, this.#keeper);
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

  /** Whether it sees anything, so that it may have access points that others could watch as well. */
  get isAble(): boolean {
    return !this.#sight.isBlind && this.#lostSince === undefined;
  }

  /** Whether the store refuses to keep what happens. */
  get storeFailed(): boolean {
    return this.#keeper.storeFailed;
  }

  /** The store did not take something that was not about a single access point. */
  refused(err: unknown): void {
    this.#keeper.refused(err);
  }

  holds(site: SiteId): boolean {
    return this.#share.holds(site);
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
    this.#uplinks = uplinksOf(this.#config.current);
    await this.#add(this.#missing(), kept);
    this.#strays.note(kept);
    await this.#lookAtWork();
  }

  /** Follows a changed configuration. */
  async follow(): Promise<void> {
    const configured = new Map(this.#config.current.accessPoints.map((ap) => [ap.id, ap]));
    this.#uplinks = uplinksOf(this.#config.current);
    const gone = [...this.#watched.values()].filter(({ config: { id } }) => !configured.has(id));
    for (const { config } of gone) this.#forget(config.id);
    for (const watched of this.#watched.values()) {
      watched.config = configured.get(watched.config.id) ?? watched.config;
    }
    await Promise.all(
      gone.map(({ config: { id }, health }) =>
        this.#keeper.inTurn(id, () => this.#keeper.retire(id, health, this.#clock.now())),
      ),
    );
    await this.letGo();
    await this.takeUp();
    await this.#keeper.forEach(this.#watched.values());
    await this.#lookAtWork();
  }

  /** Forgets what others may have watched meanwhile: what it knew and could not keep must not replace what they know. */
  drop(): void {
    for (const { unkept } of this.#leave()) unkept.length = 0;
  }

  /** Leaves to others what it does not hold any more. Resolves when the store has all that it knew of them. */
  async letGo(): Promise<void> {
    await this.#keeper.forEach(this.#leave());
  }

  /** Goes on with what it holds anew, where others left it. Throws what the store throws. */
  async takeUp(): Promise<void> {
    const fresh = this.#missing();
    if (fresh.length === 0) return;
    await this.#add(fresh, await this.#store.healthOf(fresh.map(({ id }) => id)));
    await this.#lookAtWork();
  }

  /** Records a poll that was made at `at`. */
  async record(ap: ApId, result: PollResult, at: Millis): Promise<void> {
    if (this.#wasPaused()) await this.goOn();
    if (at < this.#pausedUntil) return;
    if (result.answered || SIGHT.has(result.reason)) {
      const silence = this.#sight.answered(at);
      this.#lostSince = undefined;
      if (this.#sight.isBlind) await this.#seeAgain(at);
      else if (silence > this.#sightPolicy().periodMs + LONGEST_POLL_MS && this.#tally().suspect >= FEW)
        await this.#countAnew(at);
    }
    if (this.#sight.isBlind) return;
    const policy = this.#config.current.controller;
    await this.#keeper.inTurn(ap, async () => {
      const watched = this.#watched.get(ap);
      if (watched === undefined) return;
      const before = watched.health;
      const miss = result.answered ? undefined : await this.#missOf(watched, result.reason, at);
      if (miss === 'blind') return;
      const change = result.answered ? watched.answer(result.sample, at, policy) : miss && watched.miss(miss, policy);
      if (change !== undefined) this.#tell(watched, before, change, at);
      await this.#keeper.keep(watched);
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
    // What other controllers see is not unwatched: they shall have these, which nobody sees until then.
    const isLost = judgement === 'blind' && this.#share.others > 0;
    if (isLost) this.#lostSince ??= at;
    const why: MissKind = isLost || judgement === 'partly' || NOT_ASKED.has(reason) ? 'unseen' : 'silent';
    if (isLost || judgement !== 'blind') return { at, why, isUndecided: isUplinkSuspect || judgement === 'unsure' };
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
    await this.#keeper.guarded(() => this.#store.watch(since, this.#tolerance()));
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
    await this.#keeper.forEach(this.#watched.values(), (watched) => watched.replaceHealth(afterGap(watched.health)));
  }

  /** Something answered a poll, or beside the controller, at that time: from then on misses count anew. */
  async #seeAgain(at: Millis): Promise<void> {
    this.#sight.isBlind = false;
    this.#lostSince = undefined;
    this.#pausedUntil = at;
    this.#log.info('controller-sees-again');
    // What others watched meanwhile was watched.
    if (this.#share.others === 0) await this.#keeper.guarded(() => this.#store.watch(at, 0));
    await this.#keeper.forEach(this.#watched.values(), (watched) => watched.replaceHealth(afterGap(watched.health)));
  }

  /** Says that the watch goes on; after a pause (a suspended machine, a stalled process) streaks are broken off. */
  async goOn(): Promise<void> {
    const now = this.#clock.now();
    const paused = this.#wasPaused();
    this.#lastWord = now;
    if (this.isAble) await this.#lookAround(now);
    else if (!(await this.#mayLookAgain(now))) return;
    else if (!this.isAble) await this.#seeAgain(now);
    // A clock that was ahead and has been set right is no reason to ignore polls until it gets there again.
    if (paused || now < this.#pausedUntil) this.#pausedUntil = now;
    await this.#keeper.guarded(() => this.#store.watch(now, this.#tolerance()));
    if (paused)
      await this.#keeper.forEach(this.#watched.values(), (watched) => watched.replaceHealth(afterGap(watched.health)));
    await this.#strays.look(now);
    await this.#lookAtWork();
  }

  /** Where nothing is left by which it could see that it sees again, it tries after a while. */
  async #mayLookAgain(now: Millis): Promise<boolean> {
    const policy = this.#sightPolicy();
    if (policy.targets.length > 0) return this.#sight.targetsAnswer(policy);
    const since = this.#lostSince ?? this.#sight.lastAnswerAt ?? now;
    return this.#watched.size === 0 && now - since > TRY_AGAIN_AFTER * policy.periodMs;
  }

  /** Which work runs now, and on what. */
  async #lookAtWork(): Promise<void> {
    const plans = maintenancePlans(this.#config.current);
    try {
      this.#work = await presentMaintenance(this.#store, plans, this.#clock.now());
    } catch (err) {
      this.#keeper.refused(err);
    }
    for (const watched of this.#watched.values()) {
      const { config } = watched;
      watched.inMaintenance = this.#work.some((window) => covers(window, config, pathFrom(config.id, this.#uplinks)));
    }
  }

  #wasPaused(): boolean {
    return this.#clock.now() - this.#lastWord > this.#tolerance();
  }

  #tolerance(): Millis {
    return watchTolerance(this.#config.current.controller.pollSeconds);
  }

  #leave(): WatchedAp[] {
    const gone = [...this.#watched.values()].filter(({ config }) => !this.#share.holds(config.site));
    for (const { config } of gone) this.#forget(config.id);
    return gone;
  }

  /** What it holds and does not watch yet. */
  #missing(): AccessPoint[] {
    const isMissing = ({ id, site }: AccessPoint): boolean => !this.#watched.has(id) && this.#share.holds(site);
    return this.#config.current.accessPoints.filter(isMissing);
  }

  /** Polls in a row are continued only if the time since the first was watched. */
  async #add(aps: readonly AccessPoint[], kept: ReadonlyMap<ApId, Health>): Promise<void> {
    const now = this.#clock.now();
    const streaks = aps.flatMap(({ id }) => kept.get(id)?.streakFrom ?? []);
    const from = streaks.reduce((least, streak) => Math.min(least, streak), now);
    const gaps = streaks.length === 0 ? [] : await this.#store.unwatched({ from, to: now }, this.#tolerance());
    const lastGapTo = gaps.reduce((last, { to }) => Math.max(last, to), Number.NEGATIVE_INFINITY);
    // Meanwhile the configuration may have changed, or the share.
    const still = new Set(this.#missing());
    const added = aps
      .filter((ap) => still.has(ap))
      .map((ap) => {
        const health = kept.get(ap.id);
        const interrupted = health?.streakFrom !== undefined && health.streakFrom < lastGapTo;
        const next = (interrupted ? afterGap(health) : health) ?? unknownSince(now);
        if (next.cause === 'unseen') this.#unseen.add(ap.id);
        const watched = new WatchedAp(ap, health, next, this.#sight, now);
        this.#watched.set(ap.id, watched);
        return watched;
      });
    await this.#keeper.forEach(added);
  }

  #forget(ap: ApId): void {
    this.#watched.delete(ap);
    this.#unseen.delete(ap);
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
        this.#keeper.inTurn(watched.config.id, () => {
          if (isBlamed(watched)) watched.blameUplink();
          return this.#keeper.keep(watched);
        }),
      ),
    );
  }
}
