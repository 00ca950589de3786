import { connect } from 'node:net';
import { errnoOf } from '../core/errors';
import type { MissReason } from '../core/reasons';
import { type Millis, SECOND } from '../core/time';
import type { Clock } from '../runtime/clock';

/** The host sent something, so that it and the way to it work. */
export const HOST_ANSWERS: ReadonlySet<MissReason> = new Set<MissReason>([
  'refused',
  'access-refused',
  'malformed',
  'error',
]);

/** Nothing was even sent: that is no sign of the access point. */
export const NOT_ASKED: ReadonlySet<MissReason> = new Set<MissReason>(['unreachable', 'unresolved']);

/** Something was there to answer, be it only the controller of the access point: our own line works. */
export const SIGHT: ReadonlySet<MissReason> = new Set<MissReason>([...HOST_ANSWERS, 'member-unknown', 'member-down']);

/**
 * `unsure`: the next poll tells. `blind`: it is the controller itself that is cut off. `partly`: others answer, but many
 * fall at once and everything beside the controller is silent, so that it has no way to these.
 */
export type Judgement = 'sees' | 'unsure' | 'partly' | 'blind';

export interface FallenAp {
  /** Its first miss in a row, and the present one. */
  readonly streakFrom: Millis;
  readonly at: Millis;
  /** How many access points were up until now, this one among them. */
  readonly standing: number;
  /** Whether a large share of them falls at the same time as this one. */
  readonly isMass: boolean;
}

export interface SightPolicy {
  readonly periodMs: Millis;
  /** Misses in a row until an access point is called down. */
  readonly misses: number;
  /** Devices near the controller, `host:port`. */
  readonly targets: readonly string[];
}

const CONNECT_MS = 2 * SECOND;
/** That fewer fall at the same time is no rarity. */
export const FEW = 3;

/**
 * Whether the controller itself is still connected. As long as any access point answers, it is. If nothing answers, it
 * asks devices beside it that the configuration names; if there are none, all silent at once is its own fault rather than
 * theirs. It asks nobody outside the town.
 */
export class Sight {
  isBlind = false;
  readonly #clock: Clock;
  /** When the last poll began that something answered, be it by a refusal. */
  #lastAnswerAt: Millis | undefined;
  #asked: { readonly at: Millis; readonly answers: Promise<boolean> } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get lastAnswerAt(): Millis | undefined {
    return this.#lastAnswerAt;
  }

  /** Something answered a poll that began then. Returns how long nothing had. */
  answered(at: Millis): Millis {
    const last = this.#lastAnswerAt ?? at;
    this.#lastAnswerAt = Math.max(at, last);
    return this.#lastAnswerAt - last;
  }

  /** Judges before an access point is called down. */
  async judge({ streakFrom, at, standing, isMass }: FallenAp, policy: SightPolicy): Promise<Judgement> {
    const { periodMs, misses, targets } = policy;
    const last = this.#lastAnswerAt;
    if (last !== undefined && last >= at - periodMs) {
      // One poll tells nothing of what came after it: with a single miss to be called down, that may be everything.
      if (misses === 1 && streakFrom === at && last <= at && standing >= FEW) return 'unsure';
      const isCutOff = isMass && targets.length > 0 && !(await this.targetsAnswer(policy));
      return isCutOff ? 'partly' : 'sees';
    }
    if (targets.length > 0 && (await this.targetsAnswer(policy))) return 'sees';
    if (targets.length === 0 && standing < FEW) return 'sees';
    // Others answered after its first miss, so that one may have been chance; those who answered last will tell.
    const isFresh = last !== undefined && last > streakFrom && at - last <= (misses + 1) * periodMs;
    return isFresh ? 'unsure' : 'blind';
  }

  /** Whether one of the devices beside the controller answers; asked at most once in half a poll interval. */
  targetsAnswer({ targets, periodMs }: SightPolicy): Promise<boolean> {
    const now = this.#clock.monotonic();
    if (this.#asked === undefined || now - this.#asked.at > periodMs / 2) {
      const answers = Promise.all(targets.map((target) => this.#answers(target))).then((all) => all.includes(true));
      this.#asked = { at: now, answers };
    }
    return this.#asked.answers;
  }

  /** Whether a host takes or refuses a TCP connection: both are answers. */
  #answers(target: string): Promise<boolean> {
    const colon = target.lastIndexOf(':');
    const socket = connect({ host: target.slice(0, colon), port: Number(target.slice(colon + 1)) });
    return new Promise<boolean>((resolve) => {
      const cancel = this.#clock.after(CONNECT_MS, () => resolve(false));
      const settle = (answers: boolean): void => {
        cancel();
        resolve(answers);
      };
      socket.once('connect', () => settle(true));
      socket.on('error', (error) => settle(errnoOf(error) === 'ECONNREFUSED'));
    }).finally(() => socket.destroy());
  }
}
