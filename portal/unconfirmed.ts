import type { GatewayId } from '../core/ids';
import { MINUTE, type Millis, SECOND } from '../core/time';
import type { Random } from '../runtime/random';
import { Bucket, type Rate, SourcePace } from './source-pace';

/** How long we wait for a gateway's word that the device is there, and how often we look for it. */
const WAIT_FOR = 5 * MINUTE;
const LOOK_AGAIN_AFTER = 20 * SECOND;
/** How many are looked at on the way of somebody else's acceptance, and when there is no room left. */
const LOOK_AT = 4;
const LOOK_AT_WHEN_FULL = 200;

/** Room for one grant. */
export interface Place {
  /** The gateway says that the device is there, or nothing came of it: the grant counts no more. */
  confirm(): void;
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
 * the bound up. One source gets half of it at most: a forger elsewhere does not keep the visitors out.
 */
export class Unconfirmed {
  readonly #gateways = new Map<GatewayId, Bucket>();
  readonly #sources: SourcePace;
  /** Who is looked at next comes first. */
  #waiting: Waiting[] = [];
  #lookedWhenFullAt = Number.NEGATIVE_INFINITY;

  constructor(random: Random) {
    this.#sources = new SourcePace(random);
  }

  /**
   * Room for one more grant at the gateway; undefined if there is none just now.
   * @param now  of the monotonic clock
   */
  async take(gateway: GatewayId, source: string, perHour: number, now: Millis): Promise<Place | undefined> {
    const place = this.#room(gateway, source, perHour, now);
    if (place !== undefined || now < this.#lookedWhenFullAt + SECOND) return place;
    this.#lookedWhenFullAt = now;
    await this.#look(now, LOOK_AT_WHEN_FULL, now);
    return this.#room(gateway, source, perHour, now);
  }

  /** From now on it is looked, now and then, whether the device turned out to be there. */
  watch(place: Place, isConfirmed: () => Promise<boolean>, now: Millis): void {
    this.#waiting.push({ place, isConfirmed, since: now, lookAt: now + LOOK_AGAIN_AFTER });
    void this.#look(now, LOOK_AT, now - LOOK_AGAIN_AFTER);
  }

  #room(gateway: GatewayId, source: string, perHour: number, now: Millis): Place | undefined {
    const all: Rate = { atOnce: perHour, perHour };
    const half: Rate = { atOnce: perHour / 2, perHour: perHour / 2 };
    const ofGateway = this.#gateways.get(gateway) ?? new Bucket(all, now);
    this.#gateways.set(gateway, ofGateway);
    const ofSource = this.#sources.bucketOf(source, half, now, gateway);
    if (!ofGateway.hasRoom(all, now) || !ofSource.hasRoom(half, now)) return undefined;
    const taken = new Set([ofGateway, ofSource]);
    for (const bucket of taken) bucket.take();
    return {
      confirm: () => {
        for (const bucket of taken) bucket.giveBack();
        taken.clear();
      },
    };
  }

  /** @param seenBefore  who was looked at, or came, after that is left alone */
  async #look(now: Millis, most: number, seenBefore: Millis): Promise<void> {
    const due = new Set(this.#waiting.slice(0, most).filter(({ lookAt }) => lookAt - LOOK_AGAIN_AFTER <= seenBefore));
    this.#waiting = this.#waiting.filter((one) => !due.has(one));
    await Promise.all(
      [...due].map(async (one) => {
        // A store that does not answer confirms nobody.
        if (await one.isConfirmed().catch(() => false)) one.place.confirm();
        else if (now < one.since + WAIT_FOR) this.#waiting.push({ ...one, lookAt: now + LOOK_AGAIN_AFTER });
      }),
    );
  }
}
