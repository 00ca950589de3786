import { Gauge } from 'prom-client';
import { HISTORY_MS } from '../core/records';
import { SESSION_SILENCE_MS } from '../core/session';
import { MINUTE, type Millis, SECOND } from '../core/time';
import type { Cancel, Clock } from '../runtime/clock';
import type { Log } from '../runtime/log';
import { PREFIX, type Registry } from '../runtime/metrics';
import { systemRandom } from '../runtime/random';
import type { Role } from '../runtime/role';
import type { Store } from './store';
import { TrustedTime } from './trusted-time';

const FORGET_EVERY = 5 * MINUTE;
const CHECK_EVERY = 10 * SECOND;
/** A store that failed is tried more often: every second for which it is well again and not known to be counts. */
const CHECK_FAILED_EVERY = 1 * SECOND;
/** NTP holds clocks together far better than this. */
const CLOCKS_AGREE = 5 * SECOND;
const CLOSE_EVERY = 1 * MINUTE;
/** Of several processes one does this. It says so every minute; when it is gone, another does it after this at the latest. */
const TURN = 2.5 * MINUTE;
const RENEW_EVERY = 1 * MINUTE;
const WORK = 'housekeeping';

/**
 * Lets the store forget in time what it may no longer keep, closes sessions of which nothing is heard, whoever heard of
 * them, and notices when it stops working.
 */
export class Housekeeping implements Role {
  readonly name = 'store';
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #time: TrustedTime;
  readonly #afterForgetting: (now: Millis) => Promise<void>;
  readonly #name = systemRandom.word();
  #timers: Cancel[] = [];
  #nextCheck: Cancel | undefined;
  /** When the log was last told that the store fails, by the monotonic clock; not so often as it is tried. */
  #complainedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> = Promise.resolve();
  #checking: Promise<void> = Promise.resolve();
  #fault: string | undefined = 'not checked yet';
  #clockAhead: Millis = 0;

  /** @param afterForgetting  looks whether everything went that had to go */
  constructor(store: Store, clock: Clock, log: Log, afterForgetting: (now: Millis) => Promise<void> = async () => {}) {
    this.#store = store;
    this.#clock = clock;
    this.#afterForgetting = afterForgetting;
    this.#log = log.child({ role: this.name });
    this.#time = new TrustedTime(clock);
  }

  async start(): Promise<void> {
    await this.#check();
    this.#checkLater();
    this.#timers = [
      () => this.#nextCheck?.(),
      this.#clock.every(CLOSE_EVERY, () => this.#enqueue(() => this.#closeSilentSessions())),
      this.#clock.every(FORGET_EVERY, () => this.#enqueue(() => this.#forget())),
    ];
    this.#enqueue(() => this.#forget());
    await this.#running;
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
    await Promise.all([this.#running, this.#checking]);
    await this.#store.giveUp(WORK, this.#name).catch((err) => this.#log.error('housekeeping-not-left', { err }));
  }

  notReady(): string | undefined {
    return this.#fault;
  }

  /** By how much this machine's clock is ahead of the store's. */
  get clockAhead(): Millis {
    return this.#clockAhead;
  }

  /** One after the other: a slow store must not be asked ever more. */
  #enqueue(task: () => Promise<void>): void {
    this.#running = this.#running.then(task);
  }

  #checkLater(): void {
    const delay = this.#fault === undefined ? CHECK_EVERY : CHECK_FAILED_EVERY;
    const check = async (): Promise<void> => {
      await this.#check();
      if (this.#timers.length > 0) this.#checkLater();
    };
    // Beside all else: what takes long must not keep it.
    this.#nextCheck = this.#clock.after(delay, () => {
      this.#checking = check();
    });
  }

  async #check(): Promise<void> {
    try {
      await this.#store.check();
      if (this.#fault !== undefined) this.#log.info('store-ready');
      this.#fault = undefined;
      this.#complainedAt = Number.NEGATIVE_INFINITY;
      this.#compareClocks(await this.#store.clockAhead());
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
      this.#complain(error);
    }
  }

  #complain(err: unknown): void {
    const now = this.#clock.monotonic();
    if (now - this.#complainedAt < CHECK_EVERY) return;
    this.#complainedAt = now;
    this.#log.error('store-check-failed', { err });
  }

  #compareClocks(ahead: Millis): void {
    const [was, is] = [this.#clockAhead, ahead].map((distance) => Math.abs(distance) > CLOCKS_AGREE);
    this.#clockAhead = ahead;
    if (is === was) return;
    const seconds = Math.round(Math.abs(ahead) / SECOND);
    const message = `This machine's clock is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} that of Redis. Look at NTP on both.`;
    if (is) this.#log.warn('clocks-differ', { message });
    else this.#log.info('clocks-agree');
  }

  async #forget(): Promise<void> {
    const now = this.#time.now();
    if (now === undefined) {
      this.#log.warn('clock-jumped');
      return;
    }
    try {
      const forget = () => this.#store.forget(now, { historyBefore: now - HISTORY_MS });
      if (await this.#inTurn(forget)) await this.#inTurn(() => this.#afterForgetting(now));
    } catch (error) {
      this.#log.error('forget-failed', { err: error });
    }
  }

  /** Works if it is our turn, and keeps the turn meanwhile, or after a while another would do the same. */
  async #inTurn(work: () => Promise<void>): Promise<boolean> {
    if (!(await this.#isOurTurn())) return false;
    let renewed: Promise<unknown> = Promise.resolve();
    const renew = () => this.#isOurTurn().catch((err) => this.#log.error('housekeeping-turn-not-renewed', { err }));
    const cancel = this.#clock.every(RENEW_EVERY, () => {
      renewed = renewed.then(renew);
    });
    try {
      await work();
    } finally {
      cancel();
      await renewed;
    }
    return true;
  }

  async #isOurTurn(): Promise<boolean> {
    const now = this.#clock.now();
    const claim = { work: WORK, pieces: 1, holder: this.#name, now, until: now + TURN, able: true };
    const { held } = await this.#store.claim(claim);
    return held.length > 0;
  }

  async #closeSilentSessions(): Promise<void> {
    const trusted = this.#time.now();
    if (trusted === undefined) return;
    // Reports were received by other machines, too: a clock that is ahead must not end what runs there.
    const now = trusted - Math.max(0, this.#clockAhead);
    try {
      await this.#inTurn(async () => {
        const count = await this.#store.closeSilentSessions(now - SESSION_SILENCE_MS, now);
        if (count > 0) this.#log.info('silent-sessions-closed', { count });
      });
    } catch (err) {
      this.#log.error('silent-sessions-not-closed', { err });
    }
  }
}

/** Shows in metrics whether the store answers: what fails without it fails for everybody. */
export function readyGauge(registry: Registry, housekeeping: Housekeeping): void {
  new Gauge({
    name: `${PREFIX}store_ready`,
    help: 'Whether the store wrote and read when it was last tried, every ten seconds, or every second while it fails: 1 yes, 0 no.',
    registers: [registry],
    collect() {
      this.set(housekeeping.notReady() === undefined ? 1 : 0);
    },
  });
}

export function clockGauge(registry: Registry, housekeeping: Housekeeping): void {
  new Gauge({
    name: `${PREFIX}store_clock_offset_seconds`,
    help: "By how much this machine's clock is ahead of that of Redis; negative: behind. 0 with the embedded store.",
    registers: [registry],
    collect() {
      this.set(housekeeping.clockAhead / SECOND);
    },
  });
}
