import type { ApId } from '../core/ids';
import { SECOND } from '../core/time';
import type { Cancel, Clock } from '../runtime/clock';

/** Asks one access point and deals with the outcome. Must not reject. */
export type Poll = (ap: ApId, signal: AbortSignal) => Promise<void>;

/** Short, so that in a town of thousands few polls start together: their answers come together, and logins wait for all. */
const TICK_MS = 10;
/** A tick that comes late has the turns of its time, up to this: those of a stall are not saved up. */
const LATEST_TICK_MS = 100;
/** However few access points there are. */
const LEAST_TURNS_PER_MS = 20 / SECOND;
const MAX_IN_FLIGHT = 500;
/** A large town needs more when many are silent: what a silent one takes (time-outs of 1, 2 and 3 s), for all of them. */
const SILENT_POLL_MS = 7 * SECOND;
const MAX_IN_FLIGHT_EVER = 5_000;
/** After a stall the backlog is worked off at this multiple of the even rate, never all at once. */
const CATCH_UP_RATE = 2;
/** The first poll asks for all that the device might say. So a start keeps to the even rate. */
const FIRST_POLL_TURNS = 2;
/** Beyond two periods a poll is overdue; short periods get some air, because a miss takes seconds. */
const OVERDUE_PERIODS = 2;
const OVERDUE_LEAST_MS = 15 * SECOND;
const NEVER = Number.NEGATIVE_INFINITY;

interface Target {
  readonly ap: ApId;
  /** Its place in the period, from 0 to 1: a hash of its id, so it stays when others come and go. */
  readonly phase: number;
  waiting: boolean;
  running: boolean;
  /** Monotonic time of its last poll's start, or of its arrival. */
  last: number;
  polled: boolean;
  /** Monotonic time of the last poll that was brought forward. */
  hurried: number;
  /** While it runs. */
  seat: Seat | undefined;
}

/**
 * Where a poll under way sits. The next one takes its seat: sets of promises and signals that come and go hundreds of
 * times a second fill the memory faster than it is tidied. Each has a signal of its own, because thousands that listen to
 * the same would search one long list.
 */
interface Seat {
  readonly abort: AbortController;
  poll: Promise<void>;
}

/**
 * Spreads polls evenly: each access point has a place in the period. A new one is asked as soon as there is room.
 * One whose poll still runs, or was asked within half a period, is left out this time.
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #poll: Poll;
  /** All seats there are, and those that are free. */
  #seats: Seat[] = [];
  #free: Seat[] = [];
  #periodMs = SECOND;
  #targets = new Map<ApId, Target>();
  /** The targets by phase. */
  #ring: readonly Target[] = [];
  #queue: Target[] = [];
  /** How many of its first have been taken already. */
  #taken = 0;
  /** Those brought forward; they come before the queue. */
  #hurried: Target[] = [];
  #lastTick = 0;
  /** How many polls may start; a part of one is kept for the next tick. */
  #turns = 0;
  #cancel: Cancel = () => {};

  constructor(clock: Clock, poll: Poll) {
    this.#clock = clock;
    this.#poll = poll;
  }

  start(): void {
    this.#lastTick = this.#clock.monotonic();
    this.#cancel = this.#clock.every(TICK_MS, () => this.#tick());
  }

  /** Polls exactly these from now on. Resolves when the polls of all others have ended. */
  async follow(aps: readonly ApId[], periodMs: number): Promise<void> {
    this.#periodMs = periodMs;
    const now = this.#clock.monotonic();
    const before = this.#ring;
    this.#targets = new Map(
      aps.map((ap) => {
        const known = this.#targets.get(ap);
        const fresh = {
          ap,
          phase: phaseOf(ap),
          waiting: true,
          running: false,
          last: now,
          polled: false,
          hurried: NEVER,
          seat: undefined,
        };
        return [ap, known ?? fresh];
      }),
    );
    this.#ring = [...this.#targets.values()].sort((a, b) => a.phase - b.phase);
    this.#hurried = this.#hurried.filter((target) => this.#targets.get(target.ap) === target);
    const hurried = new Set(this.#hurried);
    this.#queue = this.#ring.filter((target) => target.waiting && !hurried.has(target));
    this.#taken = 0;
    const left = before.filter((target) => this.#targets.get(target.ap) !== target);
    const seats = left.flatMap(({ seat }) => seat ?? []);
    for (const { abort } of seats) abort.abort();
    await Promise.all(seats.map(({ poll }) => poll));
  }

  /**
   * Brings the next poll of an access point forward, because something happened there. It takes the place of the next
   * regular one; once in a period at most, so that nobody can make us ask more than twice as often.
   * @returns whether it will be asked soon
   */
  soon(ap: ApId): boolean {
    const target = this.#targets.get(ap);
    const now = this.#clock.monotonic();
    if (target === undefined || target.running || now - target.hurried < this.#periodMs) return false;
    target.hurried = now;
    if (target.waiting) this.#queue.splice(this.#queue.indexOf(target, this.#taken), 1);
    target.waiting = true;
    this.#hurried.push(target);
    return true;
  }

  /** How many have not been asked for more than two periods: the controller cannot keep up. */
  overdue(): number {
    const limit = Math.max(OVERDUE_PERIODS * this.#periodMs, OVERDUE_LEAST_MS);
    const since = this.#clock.monotonic() - limit;
    return this.#ring.filter((target) => !target.running && target.last < since).length;
  }

  /** Ends the polls under way and resolves when they have ended. */
  async stop(): Promise<void> {
    this.#cancel();
    this.#queue = [];
    this.#hurried = [];
    for (const { abort } of this.#seats) abort.abort();
    await Promise.all(this.#seats.map(({ poll }) => poll));
    this.#seats = [];
    this.#free = [];
  }

  #tick(): void {
    const now = this.#clock.monotonic();
    this.#enqueueDue(this.#lastTick, now);
    const fresh = this.#turnsPerMs() * Math.min(now - this.#lastTick, LATEST_TICK_MS);
    this.#lastTick = now;
    // Unused turns are not saved up: that is what prevents the herd.
    this.#turns = Math.min(this.#turns, 1) + fresh;
    const silent = Math.ceil((this.#ring.length * SILENT_POLL_MS) / this.#periodMs);
    const most = Math.min(Math.max(MAX_IN_FLIGHT, silent), MAX_IN_FLIGHT_EVER);
    while (this.#turns >= 1 && this.#seats.length - this.#free.length < most) {
      const target = this.#hurried.shift() ?? this.#next();
      if (target === undefined) break;
      this.#turns -= target.polled ? 1 : FIRST_POLL_TURNS;
      this.#start(target, now);
    }
  }

  #turnsPerMs(): number {
    return Math.max((CATCH_UP_RATE * this.#ring.length) / this.#periodMs, LEAST_TURNS_PER_MS);
  }

  /** Puts those whose place lies in (from, to] into the queue; each once, however long that was. */
  #enqueueDue(from: number, to: number): void {
    const start = from / this.#periodMs;
    const length = Math.min((to - from) / this.#periodMs, 1);
    for (const target of dueBetween(this.#ring, start - Math.floor(start), length)) {
      const recent = target.polled && to - target.last < this.#periodMs / 2;
      if (target.waiting || target.running || recent) continue;
      target.waiting = true;
      this.#queue.push(target);
    }
  }

  /** Takes the first of the queue. What was taken is cut off now and then: `shift` moves all that follow, each time. */
  #next(): Target | undefined {
    const target = this.#queue[this.#taken];
    if (target !== undefined) this.#taken++;
    if (this.#taken > 1_000 || this.#taken === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#taken);
      this.#taken = 0;
    }
    return target;
  }

  #start(target: Target, now: number): void {
    target.waiting = false;
    target.running = true;
    target.polled = true;
    target.last = now;
    const seat = this.#free.pop() ?? this.#newSeat();
    target.seat = seat;
    seat.poll = this.#poll(target.ap, seat.abort.signal).finally(() => {
      target.running = false;
      target.seat = undefined;
      // Its signal serves once.
      if (seat.abort.signal.aborted) this.#seats = this.#seats.filter((other) => other !== seat);
      else this.#free.push(seat);
    });
  }

  #newSeat(): Seat {
    const seat = { abort: new AbortController(), poll: Promise.resolve() };
    this.#seats.push(seat);
    return seat;
  }
}

/** The targets with a phase in (start, start + length], going round; found by bisection, because ticks are frequent. */
function dueBetween(ring: readonly Target[], start: number, length: number): Target[] {
  const due: Target[] = [];
  const first = firstAfter(ring, start);
  for (let step = 0; step < ring.length; step++) {
    const i = first + step;
    const target = ring[i % ring.length];
    if (target === undefined) break;
    const distance = target.phase - start + (i >= ring.length ? 1 : 0);
    if (distance > length) break;
    due.push(target);
  }
  return due;
}

function firstAfter(ring: readonly Target[], phase: number): number {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ring[middle]?.phase ?? 1) <= phase) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A number from 0 to 1 that an id always gets: FNV-1a, then mixed so that similar ids lie far apart. */
export function phaseOf(ap: ApId): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < ap.length; i++) hash = Math.imul(hash ^ ap.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
