import { type Grant, isLive } from '../core/grant';
import type { SiteId } from '../core/ids';
import type { DeviceAddress } from '../core/mac';
import { MINUTE, type Millis } from '../core/time';
import { md5 } from '../runtime/md5';
import type { Random } from '../runtime/random';

const DEFAULT_CAPACITY = 100_000;
const KEY_OCTETS = 32;
/** How long the grant of a device may lie here after its end. */
const SWEEP_MS = MINUTE;

/** Stands for a device at a site, in this process's memory only. */
export type DeviceName = string;

/** What the store said of a device. */
export interface Known {
  readonly grant: Grant;
  /** The version that the store gave the grant then, if it gives any. */
  readonly version: number | undefined;
}

/**
 * The grants that were answered for lately: who comes again is answered without the store as long as that says that the
 * grant has not changed, and stays online while the store does not answer at all. That a device holds none is never
 * kept. A device is remembered by a keyed hash; its keys are drawn here and lie in memory only. Bounded: there
 * are two generations, each half of the whole; when the younger is full, the older one goes, with the devices that were
 * not asked for meanwhile.
 */
export class KnownDevices {
  readonly #random: Random;
  /** One for each site: then what is hashed fits into one block of MD5. */
  readonly #keys = new Map<SiteId, Buffer>();
  readonly #generation: number;
  #young = new Map<DeviceName, Known>();
  #old = new Map<DeviceName, Known>();
  #sweptAt: Millis = 0;

  constructor(random: Random, capacity = DEFAULT_CAPACITY) {
    this.#random = random;
    this.#generation = Math.floor(capacity / 2);
  }

  nameOf(site: SiteId, device: DeviceAddress): DeviceName {
    const key = this.#keys.get(site) ?? this.#random.bytes(KEY_OCTETS);
    this.#keys.set(site, key);
    // Once for each answer, so the quickest keyed hash there is. What it hides never leaves this memory, and the address
    // is always six octets, so nobody can lengthen one message into another.
    return md5(key, device.reveal()).toString('latin1');
  }

  /** Keeps what the store said of a device; nothing if it holds no grant. */
  remember(name: DeviceName, known: Known | undefined, now: Millis): void {
    this.#sweep(now);
    if (known === undefined) {
      this.#young.delete(name);
      this.#old.delete(name);
      return;
    }
    if (this.#young.size >= this.#generation && !this.#young.has(name)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, known);
  }

  find(name: DeviceName, now: Millis): Known | undefined {
    const young = this.#young.get(name);
    const known = young ?? this.#old.get(name);
    if (known === undefined || !isLive(known.grant, now)) return undefined;
    if (young === undefined) this.remember(name, known, now);
    return known;
  }

  /** Entries in memory; a device may have one in each generation. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #sweep(now: Millis): void {
    if (Math.abs(now - this.#sweptAt) < SWEEP_MS) return;
    this.#sweptAt = now;
    for (const generation of [this.#young, this.#old]) {
      for (const [name, { grant }] of generation) if (!isLive(grant, now)) generation.delete(name);
    }
  }
}
