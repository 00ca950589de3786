import { type Grant, isLive } from '../core/grant';
import type { SiteId } from '../core/ids';
import type { DeviceAddress } from '../core/mac';
import { MINUTE, type Millis } from '../core/time';
import type { Random } from '../runtime/random';
import { md5 } from './wire/md5';

const DEFAULT_CAPACITY = 100_000;
const KEY_OCTETS = 32;
/** How long the grant of a device may lie here after its end. */
const SWEEP_MS = MINUTE;

/**
 * The grants that were answered for lately, so that devices known to hold one stay online while the store does not
 * answer. A device is remembered by a keyed hash; its keys are drawn here and lie in memory only. Bounded: there
 * are two generations, each half of the whole; when the younger is full, the older one goes, with the devices that were
 * not asked for meanwhile.
 */
export class KnownDevices {
  readonly #random: Random;
  /** One for each site: then what is hashed fits into one block of MD5. */
  readonly #keys = new Map<SiteId, Buffer>();
  readonly #generation: number;
  #young = new Map<string, Grant>();
  #old = new Map<string, Grant>();
  #sweptAt: Millis = 0;

  constructor(random: Random, capacity = DEFAULT_CAPACITY) {
    this.#random = random;
    this.#generation = Math.floor(capacity / 2);
  }

  /** Keeps what the store said of a device: its grant, or that it has none. */
  remember(site: SiteId, device: DeviceAddress, grant: Grant | undefined, now: Millis): void {
    this.#sweep(now);
    const name = this.#nameOf(site, device);
    if (grant === undefined) {
      this.#young.delete(name);
      this.#old.delete(name);
      return;
    }
    if (this.#young.size >= this.#generation && !this.#young.has(name)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, grant);
  }

  find(site: SiteId, device: DeviceAddress, now: Millis): Grant | undefined {
    const name = this.#nameOf(site, device);
    const grant = this.#young.get(name) ?? this.#old.get(name);
    return grant !== undefined && isLive(grant, now) ? grant : undefined;
  }

  /** Entries in memory; a device may have one in each generation. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #nameOf(site: SiteId, device: DeviceAddress): string {
    const key = this.#keys.get(site) ?? this.#random.bytes(KEY_OCTETS);
    this.#keys.set(site, key);
    // Once for each answer, so the quickest keyed hash there is. What it hides never leaves this memory, and the address
    // is always six octets, so nobody can lengthen one message into another.
    return md5(key, device.reveal()).toString('latin1');
  }

  #sweep(now: Millis): void {
    if (Math.abs(now - this.#sweptAt) < SWEEP_MS) return;
    this.#sweptAt = now;
    for (const generation of [this.#young, this.#old]) {
      for (const [name, grant] of generation) if (!isLive(grant, now)) generation.delete(name);
    }
  }
}
