import type { AccessPoint, Config } from '../../config/schema';
import type { IgnoredReason, MissReason } from '../../core/reasons';
import type { Clock } from '../../runtime/clock';

/** What one poll found out. A miss is an expected outcome, not a fault. */
export type PollResult =
  | { readonly answered: true; readonly sample: Sample }
  | { readonly answered: false; readonly reason: MissReason };

/** What an access point said about itself. What it did not say is absent, never zero. */
export interface Sample {
  /** What it calls itself (sysDescr), printable; empty if it keeps silent about it. */
  readonly description: string;
  readonly uptime?: Uptime;
  /** Load average over one minute. */
  readonly load1?: number;
  readonly memory?: Memory;
  /** By ifName, which stays when ifIndex changes (reboot, new wireless network). Without loopback. */
  readonly interfaces: ReadonlyMap<string, InterfaceCounters>;
  /** Devices in its radio cells. */
  readonly clients?: number;
  /** The same by band, where the device tells the bands apart; together they may be fewer. */
  readonly clientsByBand?: ReadonlyMap<Band, number>;
  /** By the device's name for the radio or its network interface: `radio0`, `wlan0`, `ng`. */
  readonly radios?: ReadonlyMap<string, Radio>;
  /** Octets since its start, summed up over the interfaces to the wire and to the air. */
  readonly traffic?: ReadonlyMap<'uplink' | 'wlan', Traffic>;
  readonly vendor?: string;
  readonly model?: string;
  readonly firmware?: string;
}

export type Band = '2.4' | '5' | '6';

export interface Radio {
  readonly band?: Band;
  /** How much of the time its channel is busy, whoever sends: from 0 to 1. */
  readonly channelUtilization?: number;
  readonly noiseDbm?: number;
}

export interface Traffic {
  readonly receiveOctets: number;
  readonly transmitOctets: number;
}

/** `agent`: only the age of the SNMP agent is known, which a restart of the agent alone resets. */
export interface Uptime {
  readonly seconds: number;
  readonly source: 'host' | 'agent';
}

export interface Memory {
  readonly totalBytes: number;
  /** What programs could still get: free memory and what the system would give back. */
  readonly availableBytes: number;
}

/** Counters as the device reports them, since its start. */
export interface InterfaceCounters {
  readonly receiveOctets: number;
  readonly transmitOctets: number;
  readonly up: boolean;
}

/** How an access point is asked. */
export const PROTOCOLS = ['snmp', 'respondd'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Asks one access point how it is. */
export interface Prober {
  /** Rejects only if `signal` aborts or something is broken on our side. */
  probe(ap: AccessPoint, signal: AbortSignal): Promise<PollResult>;
  /** Gives back its sockets. */
  close(): Promise<void>;
}

/** What every prober is made with. */
export interface ProbeContext {
  readonly clock: Clock;
  /** Called for each datagram that was not read. */
  readonly onIgnored: (reason: IgnoredReason) => void;
  /** What the configuration in force says about SNMP for all access points. */
  readonly snmp?: () => Pick<Config['controller'], 'snmp' | 'profiles'>;
}
