import type { GatewayId } from '../core/ids';
import { MINUTE, type Millis, SECOND } from '../core/time';
import type { Clock } from '../runtime/clock';
import type { Random } from '../runtime/random';
import { type Share, Shares } from './fair-share';
import { Bucket, type Rate } from './source-pace';

/** How long we wait for a gateway's word that the device is there, and how often we look for it: a login takes a second. */
const WAIT_FOR = 5 * MINUTE;
const FIRST_LOOK_AFTER = 3 * SECOND;
const LOOK_AGAIN_AFTER = 20 * SECOND;
/** While somebody waits, so many are looked at so often. */
const LOOK_EVERY = SECOND;
const LOOK_AT = 200;

/** Room for one grant. */
export interface Place {
  /** The gateway says that the device is there: the grant counts no more, and its source is known to the gateway. */
  confirm(): void;
  /** Nothing came of it: the grant counts no more. */
  giveBack(): void;
}

interface Waiting {
  readonly place: Place;
  readonly since: Millis;
  readonly lookAt: Millis;
  readonly isConfirmed: () => Promise<boolean>;
}

/**
 * Bounds the grants that are made for devices that a redirect only named: where nothing signs it, anybody can have them
 * made, for devices that do not exist. Whoever comes through the gateway counts no more, so a full square does not use
 * the bound up. Forgers elsewhere do not keep the visitors out, however many they are: a source whose visitors the gateway
 * let in lately has room of its own; of what is left each other source gets a fair share, so one more finds some.
 */
export class Unconfirmed {
  readonly #clock: Clock;
  readonly #gateways = new Map<GatewayId, Bucket>();
  readonly #shares: Shares;
  /** Who came first is looked at first. */
  #waiting: Waiting[] = [];
  #isLooking = false;
  #lookedWhenFullAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#shares = new Shares(random);
  }

  /** Room for one more grant at the gateway; undefined if there is none just now. */
  async take(gateway: GatewayId, source: string, perHour: number): Promise<Place | undefined> {
    const now = this.#clock.monotonic();
    const place = this.#room(gateway, source, perHour);
    if (place !== undefined || now < this.#lookedWhenFullAt + SECOND) return place;
    this.#lookedWhenFullAt = now;
    await this.#look(Number.POSITIVE_INFINITY);
    return this.#room(gateway, source, perHour);
  }

  /** From now on it is looked, now and then, whether the device turned out to be there. */
  watch(place: Place, isConfirmed: () => Promise<boolean>): void {
    const now = this.#clock.monotonic();
    this.#waiting.push({ place, isConfirmed, since: now, lookAt: now + FIRST_LOOK_AFTER });
    this.#goOnLooking();
  }

  #room(gateway: GatewayId, source: string, perHour: number): Place | undefined {
    const now = this.#clock.monotonic();
    const rate: Rate = { atOnce: perHour, perHour };
    const all = this.#gateways.get(gateway) ?? new Bucket(rate, now);
    this.#gateways.set(gateway, all);
    const own = this.#shares.of(gateway, source, now);
    if (own.isConfirmed(now)) return own.used(now) < perHour / 2 ? this.#place(own) : undefined;
    const left = all.left(rate, now);
    // Who has as much as is left for everybody else waits.
    return left >= 1 && own.used(now) < left ? this.#place(own, all) : undefined;
  }

  #place(own: Share, all?: Bucket): Place {
    own.take();
    all?.take();
    let counts = true;
    const giveBack = (): void => {
      if (!counts) return;
      counts = false;
      own.giveBack();
      all?.giveBack();
    };
    return {
      giveBack,
      confirm: () => {
        own.confirm(this.#clock.monotonic());
        giveBack();
      },
    };
  }

  #goOnLooking(): void {
    if (this.#isLooking || this.#waiting.length === 0) return;
    this.#isLooking = true;
    this.#clock.after(LOOK_EVERY, async () => {
      await this.#look(this.#clock.monotonic());
      this.#isLooking = false;
      this.#goOnLooking();
    });
  }

  /** @param dueBy  who is to be looked at later is left alone */
  async #look(dueBy: Millis): Promise<void> {
    const due = new Set(this.#waiting.filter(({ lookAt }) => lookAt <= dueBy).slice(0, LOOK_AT));
    this.#waiting = this.#waiting.filter((one) => !due.has(one));
    const now = this.#clock.monotonic();
    await Promise.all(
      [...due].map(async (one) => {
        // A store that does not answer confirms nobody.
        if (await one.isConfirmed().catch(() => false)) one.place.confirm();
        else if (now < one.since + WAIT_FOR) this.#waiting.push({ ...one, lookAt: now + LOOK_AGAIN_AFTER });
      }),
    );
  }
}
