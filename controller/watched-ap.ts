import type { AccessPoint } from '../config/schema';
import {
  blameUplink,
  causeOf,
  foldHealth,
  type Health,
  type HealthPolicy,
  type HealthState,
  isDown,
  isFlapping,
  type MissKind,
  type OutageChange,
  presentState,
} from '../core/health';
import { MINUTE, type Millis, SECOND } from '../core/time';
import { type OutageReason, reasonOfEnded } from './ended-outages';
import type { Sample } from './probe/probe';
import { type Said, saidIn } from './said';
import type { Sight } from './sight';

/** "Last seen" is kept at most this often: it changes with every poll. */
const KEEP_SEEN_EVERY_MS = MINUTE;

/** A poll without an answer, as the watch sees it. */
export interface Miss {
  readonly at: Millis;
  readonly why: MissKind;
  readonly isUndecided: boolean;
}

/** What the store still has to keep. */
export interface Entry {
  readonly health: Health;
  readonly change?: OutageChange;
}

/** One access point under watch: its health, its last words and what has been counted since this process started. */
export class WatchedAp {
  config: AccessPoint;
  /** What it said in its last poll; undefined when it did not answer: old words are not the present. */
  said: Said | undefined;
  /** Somebody works on it, by plan. */
  inMaintenance = false;
  /** Its own outages: not those of its uplink, nor planned work, nor where nobody knows whether it works. */
  outages = 0;
  /** The outage of any kind that ended last since this process watches. */
  lastOutage: { readonly to: Millis; readonly reason: OutageReason } | undefined;
  /** Oldest first; empty when the store has everything. */
  readonly unkept: Entry[] = [];
  #health: Health;
  #kept: Health | undefined;
  readonly #sight: Sight;
  readonly #watchedSince: Millis;
  #closedOutagesMs = 0;
  #lastMissAt: Millis | undefined;

  /**
   * @param kept  what the store has of it; undefined if it is new
   * @param sight  whether the controller sees anything at all
   */
  constructor(config: AccessPoint, kept: Health | undefined, health: Health, sight: Sight, now: Millis) {
    this.config = config;
    this.#sight = sight;
    this.#kept = kept;
    this.#health = health;
    this.#watchedSince = now;
    this.#keep({ health });
  }

  get health(): Health {
    return this.#health;
  }

  /** As everybody is shown it. */
  get state(): HealthState {
    return presentState(this.#health, { isBlind: this.#sight.isBlind, inMaintenance: this.inMaintenance });
  }

  /** Why it is down, as far as known; undefined if it is not. */
  get outageReason(): OutageReason | undefined {
    return isDown(this.#health) ? (causeOf(this.#health) ?? 'unknown') : undefined;
  }

  /** As of its last poll. */
  get isFlapping(): boolean {
    return isFlapping(this.#health, Math.max(this.#health.lastSeenAt ?? 0, this.#lastMissAt ?? 0));
  }

  /** When it started, by its own account. */
  get bootAt(): Millis | undefined {
    return this.#health.bootAt;
  }

  /**
   * Seconds of outages since this process watches, up to the last moment certainly within one. The present outage may
   * end before now, at an answer still to be confirmed; counting on would let the counter fall then.
   */
  get outageSeconds(): number {
    const running = isOwnOutage(this.#health) ? this.#outageMs(this.#certainlyDownUntil()) : 0;
    return (this.#closedOutagesMs + running) / SECOND;
  }

  /** Folds an answer to a poll that was made at `at`. Returns what changed for the record. */
  answer(sample: Sample, at: Millis, policy: HealthPolicy): OutageChange | undefined {
    const { uptime } = sample;
    const { health, change } = foldHealth(
      this.#health,
      { answered: true, at, ...(uptime !== undefined && { uptime }) },
      policy,
    );
    this.said = saidIn(sample);
    this.replaceHealth(health, change);
    return change;
  }

  /** Folds a poll that was missed. Returns what changed for the record. */
  miss({ why, isUndecided, at }: Miss, policy: HealthPolicy): OutageChange | undefined {
    const { health, change } = foldHealth(this.#health, { answered: false, at, why, isUndecided }, policy);
    const isOwn = change !== undefined && change.kind !== 'close' && change.cause === undefined;
    if (isOwn && !this.inMaintenance) this.outages++;
    this.said = undefined;
    this.#lastMissAt = at;
    this.replaceHealth(health, change);
    return change;
  }

  /** Its uplink went down at the same time as it did. */
  blameUplink(): void {
    const { health, change } = blameUplink(this.#health);
    this.replaceHealth(health, change);
  }

  replaceHealth(health: Health, change?: OutageChange): void {
    const before = this.#health;
    if (isOwnOutage(before) && (!isOwnOutage(health) || health.since !== before.since)) {
      const until = health.since > before.since ? health.since : this.#certainlyDownUntil();
      this.#closedOutagesMs += this.#outageMs(until);
    }
    const reason = change && reasonOfEnded(before, change);
    if (change?.kind === 'close' && reason !== undefined) this.lastOutage = { to: change.to, reason };
    this.#health = health;
    this.#keep(change === undefined ? { health } : { health, change });
  }

  /** Queues what is worth keeping; a health without a change only replaces the one queued before. */
  #keep(entry: Entry): void {
    if (entry.change === undefined && !worthKeeping(this.#kept, entry.health)) return;
    const last = this.unkept.at(-1);
    if (last !== undefined && last.change === undefined) this.unkept.pop();
    this.unkept.push(entry);
    this.#kept = entry.health;
  }

  #certainlyDownUntil(): Millis {
    return this.#health.streakFrom ?? this.#lastMissAt ?? this.#watchedSince;
  }

  #outageMs(until: Millis): Millis {
    return Math.max(0, until - Math.max(this.#health.since, this.#watchedSince));
  }
}

function isOwnOutage(health: Health): boolean {
  return isDown(health) && causeOf(health) === undefined;
}

function worthKeeping(kept: Health | undefined, health: Health): boolean {
  if (kept === undefined) return true;
  const differs = (['state', 'since', 'cause', 'streak', 'bootAt'] as const).some((key) => kept[key] !== health[key]);
  if (differs) return true;
  const { lastSeenAt } = health;
  if (lastSeenAt === undefined) return false;
  return kept.lastSeenAt === undefined || Math.abs(lastSeenAt - kept.lastSeenAt) >= KEEP_SEEN_EVERY_MS;
}
