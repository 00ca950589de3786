import { performance } from 'node:perf_hooks';
import type { Millis } from '../core/time';

/** Takes back a timer. Harmless when it has run already. */
export type Cancel = () => void;

export interface Clock {
  /** Wall-clock time. It may jump; never measure a duration with it. */
  now(): Millis;
  /** Milliseconds since some fixed moment, never going backwards; for durations. */
  monotonic(): number;
  /** Runs `task` once, `delay` milliseconds from now. */
  after(delay: Millis, task: () => void): Cancel;
  /** Runs `task` every `period` milliseconds, first after one period. */
  every(period: Millis, task: () => void): Cancel;
}

/** The computer's own clock. Its timers do not keep the process alive: what keeps it alive are its sockets. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay, task) => {
    const timer = setTimeout(task, delay).unref();
    return () => clearTimeout(timer);
  },
  every: (period, task) => {
    const timer = setInterval(task, period).unref();
    return () => clearInterval(timer);
  },
};

/** Waits. Like every timer of the clock it does not keep the process alive by itself. */
export function pause(clock: Clock, delay: Millis): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delay, resolve);
  });
}

interface Alarm {
  at: number;
  readonly task: () => void;
  readonly period?: Millis;
}

/** A clock that stands still until a test advances it; timers run in order, at their time. */
export class ManualClock implements Clock {
  #now: Millis;
  #elapsed = 0;
  readonly #alarms = new Set<Alarm>();

  constructor(now: Millis) {
    this.#now = now;
  }

  now(): Millis {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(delay: Millis, task: () => void): Cancel {
    return this.#set({ at: this.#elapsed + delay, task });
  }

  every(period: Millis, task: () => void): Cancel {
    return this.#set({ at: this.#elapsed + period, task, period });
  }

  /** Lets time pass and runs what falls due, in order; promises get a turn after each timer. */
  async advance(by: Millis): Promise<void> {
    const end = this.#elapsed + by;
    for (let next = this.#nextDue(end); next !== undefined; next = this.#nextDue(end)) {
      this.#moveTo(next.at);
      if (next.period === undefined) this.#alarms.delete(next);
      else next.at += next.period;
      next.task();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#moveTo(end);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Sets the wall clock as an administrator would; the monotonic reading goes on undisturbed. */
  step(by: Millis): void {
    this.#now += by;
  }

  #set(alarm: Alarm): Cancel {
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  #nextDue(end: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) if (alarm.at <= end && (next === undefined || alarm.at < next.at)) next = alarm;
    return next;
  }

  #moveTo(elapsed: number): void {
    this.#now += elapsed - this.#elapsed;
    this.#elapsed = elapsed;
  }
}
