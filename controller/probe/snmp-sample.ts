import type { Varbind } from 'net-snmp';
import type { ColumnName, Oid, Profile, ScalarName } from '../profiles/profile';
import type { InterfaceCounters, Memory, Sample, Uptime } from './probe';
import type { Column } from './snmp-session';
import { countOf, textOf, unsignedOf } from './snmp-values';

/** TimeTicks count hundredths of a second (RFC 2578 7.1.8). */
const TICKS_PER_SECOND = 100;
const KIBIBYTE = 1024;
const DESCRIPTION_LENGTH = 200;
const INTERFACE_NAME_LENGTH = 32;
/** ifOperStatus (RFC 2863): 1 is up; 5 is dormant, which a wireless interface without clients may be. */
const OPERATING = new Set([1, 5]);

export type Scalars = ReadonlyMap<Oid, Varbind>;
export type Columns = Readonly<Record<ColumnName, Column>>;

/** Reads a sample out of the agent's answers. */
export function toSample(profile: Profile, scalars: Scalars, columns: Columns): Sample {
  const ask = (name: ScalarName): Varbind | undefined => scalars.get(profile.scalars[name] ?? '');
  const uptime = uptimeOf(ask);
  const load1Hundredths = unsignedOf(ask('load1Hundredths'));
  const memory = memoryOf(ask);
  const clients = countOf(ask('clients'));
  return {
    description: textOf(ask('description'), DESCRIPTION_LENGTH) ?? '',
    ...(uptime !== undefined && { uptime }),
    ...(load1Hundredths !== undefined && { load1: load1Hundredths / 100 }),
    ...(memory !== undefined && { memory }),
    ...(clients !== undefined && { clients }),
    interfaces: interfacesOf(columns),
  };
}

type Ask = (name: ScalarName) => Varbind | undefined;

/** hrSystemUptime is the age of the device; sysUpTime is only that of its agent (RFC 2790, RFC 3418). */
function uptimeOf(ask: Ask): Uptime | undefined {
  const host = unsignedOf(ask('hostUptimeTicks'));
  if (host !== undefined) return { seconds: host / TICKS_PER_SECOND, source: 'host' };
  const agent = unsignedOf(ask('agentUptimeTicks'));
  return agent === undefined ? undefined : { seconds: agent / TICKS_PER_SECOND, source: 'agent' };
}

/** Older agents do not say what is available; there, buffers and cache are what the system would give back. */
function memoryOf(ask: Ask): Memory | undefined {
  const total = unsignedOf(ask('memoryTotalKibibytes'));
  const free = unsignedOf(ask('memoryFreeKibibytes'));
  if (total === undefined || total === 0) return undefined;
  const buffers = unsignedOf(ask('memoryBuffersKibibytes')) ?? 0;
  const cached = unsignedOf(ask('memoryCachedKibibytes')) ?? 0;
  const available =
    unsignedOf(ask('memoryAvailableKibibytes')) ?? (free === undefined ? undefined : free + buffers + cached);
  if (available === undefined) return undefined;
  return { totalBytes: total * KIBIBYTE, availableBytes: Math.min(available, total) * KIBIBYTE };
}

/**
 * An interface counts if it has a name and both counters. Of two with the same name the first counts. `<pppoe-anna>` is
 * how RouterOS names the interface of somebody who is connected; that is no business of ours.
 */
function interfacesOf(columns: Columns): ReadonlyMap<string, InterfaceCounters> {
  const interfaces = new Map<string, InterfaceCounters>();
  for (const [index, varbind] of columns.name) {
    const name = textOf(varbind, INTERFACE_NAME_LENGTH);
    const receiveOctets = unsignedOf(columns.receiveOctets.get(index));
    const transmitOctets = unsignedOf(columns.transmitOctets.get(index));
    if (!name || name === 'lo' || name.startsWith('<') || interfaces.has(name)) continue;
    if (receiveOctets === undefined || transmitOctets === undefined) continue;
    const up = OPERATING.has(unsignedOf(columns.operStatus.get(index)) ?? 0);
    interfaces.set(name, { receiveOctets, transmitOctets, up });
  }
  return interfaces;
}
