import type { Site } from '../config/schema';
import { DAY, HOUR, type Millis, SECOND } from '../core/time';
import type { Random } from '../runtime/random';

export interface DeviceInterface {
  readonly name: string;
  readonly up: boolean;
  readonly receiveOctets: number;
  readonly transmitOctets: number;
}

/** What a simulated access point says about itself at a moment. */
export interface DeviceReading {
  readonly description: string;
  readonly hostUptimeSeconds: number;
  readonly agentUptimeSeconds: number;
  readonly load1: number;
  readonly memoryTotalKibibytes: number;
  readonly memoryAvailableKibibytes: number;
  readonly clients: number;
  readonly interfaces: readonly DeviceInterface[];
}

/** How many people are there at the busiest hour, and which hour (UTC) that is. */
const CROWD: Readonly<Record<Site['kind'], { readonly people: number; readonly busiestHour: number }>> = {
  school: { people: 60, busiestHour: 10 },
  square: { people: 40, busiestHour: 16 },
  library: { people: 25, busiestHour: 14 },
  'public-building': { people: 15, busiestHour: 11 },
  'refugee-housing': { people: 30, busiestHour: 19 },
  bus: { people: 12, busiestHour: 15 },
  other: { people: 10, busiestHour: 14 },
};

const MEMORY_KIBIBYTES = 249_344;
/** What one person draws on average. */
const OCTETS_PER_SECOND_AND_CLIENT = 12_000;

/** An access point that lives: people come and go with the hour, they draw data, and that costs load and memory. */
export class SimulatedDevice {
  readonly #crowd: { readonly people: number; readonly busiestHour: number };
  /** Shifts its ups and downs against those of the others. */
  readonly #character: number;
  #bootAt: Millis;
  #agentStartAt: Millis;
  #readAt: Millis;
  #octets = 0;

  constructor(kind: Site['kind'], random: Random, now: Millis) {
    this.#crowd = CROWD[kind];
    this.#character = random.fraction();
    this.#bootAt = now - (1 + 30 * random.fraction()) * DAY;
    this.#agentStartAt = now;
    this.#readAt = this.#bootAt;
  }

  /** Its power was cut: it starts anew, and so do its counters. */
  reboot(now: Millis): void {
    this.#bootAt = now;
    this.#agentStartAt = now;
    this.#readAt = now;
    this.#octets = 0;
  }

  read(now: Millis): DeviceReading {
    const clients = this.#clients(now);
    this.#octets += ((now - this.#readAt) / SECOND) * clients * OCTETS_PER_SECOND_AND_CLIENT;
    this.#readAt = now;
    const octets = (share: number): number => Math.floor(this.#octets * share);
    return {
      description: 'Linux OpenWrt 6.6.93 #0 SMP (simulated) mips',
      hostUptimeSeconds: (now - this.#bootAt) / SECOND,
      agentUptimeSeconds: (now - this.#agentStartAt) / SECOND,
      load1: 0.08 + 0.02 * clients * (1 + 0.4 * this.#wave(now, 4)),
      memoryTotalKibibytes: MEMORY_KIBIBYTES,
      memoryAvailableKibibytes: Math.round(MEMORY_KIBIBYTES * (0.62 + 0.03 * this.#wave(now, 17)) - 400 * clients),
      clients,
      // The uplink receives what the radios send.
      interfaces: [
        { name: 'eth0', up: true, receiveOctets: octets(1), transmitOctets: octets(0.15) },
        { name: 'br-lan', up: true, receiveOctets: octets(0.99), transmitOctets: octets(0.14) },
        { name: 'phy0-ap0', up: true, receiveOctets: octets(0.05), transmitOctets: octets(0.3) },
        { name: 'phy1-ap0', up: true, receiveOctets: octets(0.1), transmitOctets: octets(0.7) },
      ],
    };
  }

  #clients(now: Millis): number {
    const hour = (now % DAY) / HOUR;
    const ofDay = (1 + Math.cos(((hour - this.#crowd.busiestHour) / 24) * 2 * Math.PI)) / 2;
    const share = 0.1 + 0.9 * ofDay ** 2;
    return Math.round(this.#crowd.people * share * (1 + 0.25 * this.#wave(now, 7)));
  }

  /** Up and down between -1 and 1, once in so many minutes. */
  #wave(now: Millis, minutes: number): number {
    return Math.sin((now / (minutes * 60 * SECOND) + this.#character) * 2 * Math.PI);
  }
}
