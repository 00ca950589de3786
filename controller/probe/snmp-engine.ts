import { SECOND } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import type { LocalizedKeys } from './snmp-keys';

/** The clock of an SNMPv3 agent: how often it started, and the seconds since. */
export interface EngineTime {
  readonly boots: number;
  readonly seconds: number;
}

/** How far an answer may lie behind the time that is known (RFC 3414 2.2.3). */
const WINDOW_SECONDS = 150;

/** An agent as SNMPv3 knows it: its id, the keys for it, and its time as far as we know it (RFC 3414 2.2). */
export class Engine {
  readonly id: Buffer;
  readonly keys: LocalizedKeys;
  readonly #clock: Clock;
  #boots = 0;
  #startedAt = 0;
  #latest = 0;
  #isAuthentic = false;

  constructor(id: Buffer, keys: LocalizedKeys, told: EngineTime, clock: Clock) {
    this.id = id;
    this.keys = keys;
    this.#clock = clock;
    this.#set(told);
  }

  /** What its clock shows now. */
  get time(): EngineTime {
    return { boots: this.#boots, seconds: Math.floor((this.#clock.monotonic() - this.#startedAt) / SECOND) };
  }

  /**
   * Takes the time of a message whose signature is right; false if it is too old, a recording. The time told at first
   * was not signed, so the first signed one replaces it whatever it was.
   */
  follow(told: EngineTime): boolean {
    const isNewer = told.boots > this.#boots || (told.boots === this.#boots && told.seconds > this.#latest);
    if (!this.#isAuthentic || isNewer) {
      this.#set(told);
      this.#isAuthentic = true;
      return true;
    }
    return told.boots === this.#boots && told.seconds >= this.time.seconds - WINDOW_SECONDS;
  }

  /**
   * The agent says, signed and in answer to this very request, that our idea of its time is wrong: it lost count of its
   * starts (a reset access point begins at one again), or our clock ran away.
   */
  reset(told: EngineTime): void {
    this.#set(told);
    this.#isAuthentic = true;
  }

  #set({ boots, seconds }: EngineTime): void {
    this.#boots = boots;
    this.#latest = seconds;
    this.#startedAt = this.#clock.monotonic() - seconds * SECOND;
  }
}
