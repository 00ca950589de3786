import type { GatewayId, GrantId } from '../../../core/ids';
import type { DeviceAddress } from '../../../core/mac';
import type { Millis } from '../../../core/time';

/** A device that we let in at a controller. */
interface LetIn {
  readonly gateway: GatewayId;
  readonly device: DeviceAddress;
  readonly until: Millis;
}

/** More than a town has visitors at a time; beyond it the oldest are forgotten, and leave when their time is over. */
const MOST = 20_000;

/**
 * Who was let in by which grant: a controller wants the device's address to end it, and that is written down nowhere. It
 * lives here, in memory, until the grant's time is over or the service stops.
 */
export class Guests {
  readonly #guests = new Map<GrantId, LetIn>();

  remember(grant: GrantId, guest: LetIn): void {
    this.#guests.delete(grant);
    this.#guests.set(grant, guest);
    for (const [oldest] of this.#guests) {
      if (this.#guests.size <= MOST) break;
      this.#guests.delete(oldest);
    }
  }

  find(grant: GrantId, now: Millis): LetIn | undefined {
    const guest = this.#guests.get(grant);
    return guest !== undefined && now < guest.until ? guest : undefined;
  }

  forget(grant: GrantId): void {
    this.#guests.delete(grant);
  }

  /** Those whose time is not over; the others are forgotten. */
  present(now: Millis): readonly { readonly grant: GrantId; readonly gateway: GatewayId }[] {
    const present = [];
    for (const [grant, { gateway, until }] of this.#guests) {
      if (now < until) present.push({ grant, gateway });
      else this.#guests.delete(grant);
    }
    return present;
  }
}
