import type { AccessPoint } from '../config/schema';
import { foldHealth, type Health, type HealthPolicy, type OutageChange } from '../core/health';
import { MINUTE, type Millis, SECOND } from '../core/time';
import type { PollResult, Sample } from './probe/probe';

/** Both uptimes of SNMP are 32-bit hundredths of a second and start again after 497 days. */
const UPTIME_WRAP_SECONDS = 2 ** 32 / 100;
const SAME_BOOT_SECONDS = 60;
/** "Last seen" is kept at most this often: it changes with every poll. */
const KEEP_SEEN_EVERY_MS = MINUTE;

/** What the store still has to keep. */
export interface Entry {
  readonly health: Health;
  readonly change?: OutageChange;
}

/** One access point under watch: its health, its last words and what has been counted since this process started. */
export class WatchedAp {
  config: AccessPoint;
  /** What it said in its last poll; undefined when it did not answer: an old sample is not the present. */
  sample: Sample | undefined;
  /** When it started, by its own account. */
  bootAt: Millis | undefined;
  outages = 0;
  /** Oldest first; empty when the store has everything. */
  readonly unkept: Entry[] = [];
  #health: Health;
  #kept: Health | undefined;
  readonly #watchedSince: Millis;
  #closedOutagesMs = 0;
  #lastMissAt: Millis | undefined;

  /** @param kept  what the store has of it; undefined if it is new */
  constructor(config: AccessPoint, kept: Health | undefined, health: Health, now: Millis) {
    this.config = config;
    this.#kept = kept;
    this.#health = health;
    this.#watchedSince = now;
    this.#keep({ health });
  }

  get health(): Health {
    return this.#health;
  }

  /**
   * Seconds of outages since this process watches, up to the last moment certainly within one. The present outage may
   * end before now, at an answer still to be confirmed; counting on would let the counter fall then.
   */
  get outageSeconds(): number {
    const running = this.#health.state === 'down' ? this.#outageMs(this.#certainlyDownUntil()) : 0;
    return (this.#closedOutagesMs + running) / SECOND;
  }

  /** Folds a poll that was made at `at`. Returns what changed for the record. */
  fold(result: PollResult, at: Millis, policy: HealthPolicy): OutageChange | undefined {
    const { health, change } = foldHealth(this.#health, { answered: result.answered, at }, policy);
    if (change?.kind === 'close') this.#closedOutagesMs += this.#outageMs(change.to);
    if (change?.kind === 'open') this.outages++;
    if (result.answered) {
      this.sample = result.sample;
      this.bootAt = bootAt(this.bootAt, result.sample, at);
    } else {
      this.sample = undefined;
      this.#lastMissAt = at;
    }
    this.replaceHealth(health, change);
    return change;
  }

  replaceHealth(health: Health, change?: OutageChange): void {
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

function worthKeeping(kept: Health | undefined, { state, since, streak, lastSeenAt }: Health): boolean {
  if (kept === undefined || kept.state !== state || kept.since !== since || kept.streak !== streak) return true;
  if (lastSeenAt === undefined) return false;
  return kept.lastSeenAt === undefined || Math.abs(lastSeenAt - kept.lastSeenAt) >= KEEP_SEEN_EVERY_MS;
}

/** The former boot time as long as the uptime agrees with it, also across its wrap: otherwise it would jitter or jump. */
function bootAt(former: Millis | undefined, { uptime }: Sample, at: Millis): Millis | undefined {
  if (uptime === undefined) return undefined;
  if (former !== undefined) {
    const expected = ((at - former) / SECOND) % UPTIME_WRAP_SECONDS;
    const apart = Math.abs(expected - uptime.seconds);
    if (Math.min(apart, UPTIME_WRAP_SECONDS - apart) < SAME_BOOT_SECONDS) return former;
  }
  return at - uptime.seconds * SECOND;
}
