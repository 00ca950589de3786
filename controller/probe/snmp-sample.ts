import { Shared } from '../../runtime/shared';
import type { ScalarName } from '../profiles/profile';
import type { InterfaceCounters, Memory, Sample, Traffic, Uptime } from './probe';
import type { Answers, Plan } from './snmp-plan';
import { countOf, radiosOf } from './snmp-radios';
import type { SnmpValue } from './snmp-reader';
import type { Column } from './snmp-session';
import { textOf, unsignedOf } from './snmp-values';

/** TimeTicks count hundredths of a second (RFC 2578 7.1.8). */
const TICKS_PER_SECOND = 100;
const KIBIBYTE = 1024;
const DESCRIPTION_LENGTH = 200;
const SHORT_LENGTH = 64;
const INTERFACE_NAME_LENGTH = 32;
/** ifOperStatus (RFC 2863): 1 is up; 5 is dormant, which a wireless interface without clients may be. */
const OPERATING = new Set([1, 5]);

const texts = new Shared<string>();

/** The same text again if it was said before: thousands of devices say the same, each in every poll. */
function once<Text extends string | undefined>(text: Text): Text | string {
  return text === undefined ? text : texts.of(text, () => text);
}

type Ask = (name: ScalarName) => SnmpValue | undefined;

/** Reads a sample out of the agent's answers. */
export function toSample(plan: Plan, answers: Answers): Sample {
  const ask: Ask = (name) => scalarOf(name, plan, answers);
  const text = (name: ScalarName): string | undefined => once(textOf(ask(name), SHORT_LENGTH)) || undefined;
  const uptime = uptimeOf(ask);
  const load1Hundredths = unsignedOf(ask('load1Hundredths'));
  const memory = memoryOf(ask);
  const { interfaces, names } = interfacesOf(plan, answers);
  const { radios, clientsByBand, clients = undefined } = radiosOf(plan, answers, names);
  const allClients = countOf(ask('clients')) ?? clients;
  const traffic = trafficOf(plan, interfaces);
  const { vendor } = plan.profile;
  const [model, firmware] = [text('model'), text('firmware')];
  return {
    description: once(textOf(ask('description'), DESCRIPTION_LENGTH)) ?? '',
    ...(uptime !== undefined && { uptime }),
    ...(load1Hundredths !== undefined && { load1: load1Hundredths / 100 }),
    ...(memory !== undefined && { memory }),
    ...(allClients !== undefined && { clients: allClients }),
    ...(clientsByBand.size > 0 && { clientsByBand }),
    ...(radios.size > 0 && { radios }),
    ...(traffic.size > 0 && { traffic }),
    ...(vendor !== undefined && { vendor }),
    ...(model !== undefined && { model }),
    ...(firmware !== undefined && { firmware }),
    interfaces,
  };
}

/** The first of the places where it may be that says anything; a text only where it matches. */
function scalarOf(name: ScalarName, { scalars }: Plan, { values }: Answers): SnmpValue | undefined {
  for (const { oid, read } of scalars.get(name) ?? []) {
    const value = values.get(oid) ?? null;
    if (value === null) continue;
    if (read === undefined) return value;
    const found = read.exec(textOf(value, DESCRIPTION_LENGTH) ?? '')?.[1];
    if (found !== undefined) return Buffer.from(found);
  }
  return undefined;
}

/** hrSystemUptime is the age of the device; sysUpTime is only that of its agent (RFC 2790, RFC 3418). */
function uptimeOf(ask: Ask): Uptime | undefined {
  const host = unsignedOf(ask('hostUptimeTicks'));
  if (host !== undefined) return { seconds: host / TICKS_PER_SECOND, source: 'host' };
  const agent = unsignedOf(ask('agentUptimeTicks'));
  return agent === undefined ? undefined : { seconds: agent / TICKS_PER_SECOND, source: 'agent' };
}

/** Not every agent says what is available; there, buffers and cache are what the system would give back. */
function memoryOf(ask: Ask): Memory | undefined {
  const total = octetsOf(ask, 'memoryTotalKibibytes', 'memoryTotalBytes');
  if (total === undefined || total === 0) return undefined;
  const used = octetsOf(ask, 'memoryUsedKibibytes');
  const free =
    octetsOf(ask, 'memoryFreeKibibytes', 'memoryFreeBytes') ?? (used === undefined ? undefined : total - used);
  const buffers = octetsOf(ask, 'memoryBuffersKibibytes') ?? 0;
  const cached = octetsOf(ask, 'memoryCachedKibibytes') ?? 0;
  const available =
    octetsOf(ask, 'memoryAvailableKibibytes') ?? (free === undefined ? undefined : free + buffers + cached);
  if (available === undefined || available < 0) return undefined;
  return { totalBytes: total, availableBytes: Math.min(available, total) };
}

function octetsOf(ask: Ask, kibibytes: ScalarName, bytes?: ScalarName): number | undefined {
  const amount = unsignedOf(ask(kibibytes));
  if (amount !== undefined) return amount * KIBIBYTE;
  return bytes === undefined ? undefined : unsignedOf(ask(bytes));
}

const NO_ROWS: Column = new Map();

interface Interfaces {
  readonly interfaces: ReadonlyMap<string, InterfaceCounters>;
  /** By index, whether or not it has counters. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * An interface counts if it has a name and both counters. Of two with the same name the first counts. `<pppoe-anna>` is
 * how RouterOS names the interface of somebody who is connected; that is no business of ours.
 */
function interfacesOf({ interfaces: places }: Plan, { columns }: Answers): Interfaces {
  const first = (choices: readonly string[]): Column =>
    choices.map((column) => columns.get(column) ?? NO_ROWS).find(({ size }) => size > 0) ?? NO_ROWS;
  const [name, receive, transmit] = [first(places.name), first(places.receiveOctets), first(places.transmitOctets)];
  const operStatus = first(places.operStatus);
  const interfaces = new Map<string, InterfaceCounters>();
  const names = new Map<string, string>();
  for (const [index, value] of name) {
    const text = textOf(value, INTERFACE_NAME_LENGTH);
    if (!text || text === 'lo' || text.startsWith('<')) continue;
    names.set(index, text);
    const receiveOctets = unsignedOf(receive.get(index));
    const transmitOctets = unsignedOf(transmit.get(index));
    if (receiveOctets === undefined || transmitOctets === undefined || interfaces.has(text)) continue;
    interfaces.set(once(text), {
      receiveOctets,
      transmitOctets,
      up: OPERATING.has(unsignedOf(operStatus.get(index)) ?? 0),
    });
  }
  return { interfaces, names };
}

/** The first of the uplink's possible names that is there, and everything to the air together. */
function trafficOf({ profile }: Plan, interfaces: Interfaces['interfaces']): Map<'uplink' | 'wlan', Traffic> {
  const traffic = new Map<'uplink' | 'wlan', Traffic>();
  const uplink = profile.uplink.map((name) => interfaces.get(name)).find((found) => found !== undefined);
  if (uplink !== undefined) traffic.set('uplink', sum([uplink]));
  const wlan = [...interfaces].filter(([name]) => profile.wlan.some((prefix) => name.startsWith(prefix)));
  if (wlan.length > 0) traffic.set('wlan', sum(wlan.map(([, counters]) => counters)));
  return traffic;
}

function sum(all: readonly InterfaceCounters[]): Traffic {
  return {
    receiveOctets: all.reduce((octets, one) => octets + one.receiveOctets, 0),
    transmitOctets: all.reduce((octets, one) => octets + one.transmitOctets, 0),
  };
}
