import { createHmac } from 'node:crypto';
import { type Grant, isLive } from '../core/grant';
import type { SiteId } from '../core/ids';
import type { DeviceAddress } from '../core/mac';
import type { Millis } from '../core/time';
import type { Random } from '../runtime/random';

const DEFAULT_CAPACITY = 100_000;

/**
 * The grants that were answered for lately, so that devices known to hold one stay online while the store does not
 * answer. A device is remembered by a keyed hash; the key is drawn at the start, lies in memory only and is the same for
 * nobody else. Bounded: what has not been asked for longest goes first.
 */
export class KnownDevices {
  readonly #key: Buffer;
  readonly #capacity: number;
  readonly #grants = new Map<string, Grant>();

  constructor(random: Random, capacity = DEFAULT_CAPACITY) {
    this.#key = random.bytes(32);
    this.#capacity = capacity;
  }

  /** Keeps what the store said of a device: its grant, or that it has none. */
  remember(site: SiteId, device: DeviceAddress, grant: Grant | undefined, now: Millis): void {
    const name = this.#nameOf(site, device);
    // Deleted first, so that it lies behind those that are older.
    this.#grants.delete(name);
    if (grant !== undefined) this.#grants.set(name, grant);
    this.#dropOld(now);
  }

  find(site: SiteId, device: DeviceAddress, now: Millis): Grant | undefined {
    const grant = this.#grants.get(this.#nameOf(site, device));
    return grant !== undefined && isLive(grant, now) ? grant : undefined;
  }

  get size(): number {
    return this.#grants.size;
  }

  #nameOf(site: SiteId, device: DeviceAddress): string {
    const hash = createHmac('sha256', this.#key).update(site).update(device.reveal()).digest();
    return hash.toString('latin1', 0, 16);
  }

  /** Called for each device that comes, so it looks at the oldest few only. */
  #dropOld(now: Millis): void {
    for (const [name, grant] of this.#grants) {
      if (this.#grants.size <= this.#capacity && isLive(grant, now)) return;
      this.#grants.delete(name);
    }
  }
}
