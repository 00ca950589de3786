import type { RadioTable } from '../profiles/profile';
import type { Band, Radio } from './probe';
import type { Answers, Plan } from './snmp-plan';
import type { SnmpValue } from './snmp-reader';
import { numberOf, textOf, unsignedOf } from './snmp-values';

/** What the radios of a device say together. */
export interface Radios {
  readonly radios: ReadonlyMap<string, Radio>;
  /** Sum of all rows; undefined if none says it. */
  readonly clients?: number;
  readonly clientsByBand: ReadonlyMap<Band, number>;
}

interface Row {
  readonly name: string;
  readonly band: Band | undefined;
  readonly clients: number | undefined;
  readonly noiseDbm: number | undefined;
  readonly channelUtilization: number | undefined;
}

const NAME_LENGTH = 32;
const MOST_CLIENTS = 100_000;
/** More rows than an access point has radios and networks; each radio becomes series in the metrics. */
const MAX_ROWS = 32;

/** @param interfaceNames  by ifIndex, for tables that have no names of their own */
export function radiosOf(plan: Plan, answers: Answers, interfaceNames: ReadonlyMap<string, string>): Radios {
  const rows = [
    ...plan.radios.flatMap((table) => rowsOf(table, answers, interfaceNames)),
    ...plan.namedRadios.map(({ name, clients, frequencyMhz, noiseDbm }): Row => {
      const ask = (oid: string | undefined): SnmpValue | undefined => answers.values.get(oid ?? '');
      return {
        name,
        band: bandOfMhz(numberOf(ask(frequencyMhz))),
        clients: countOf(ask(clients)),
        noiseDbm: noiseOf(ask(noiseDbm)),
        channelUtilization: undefined,
      };
    }),
  ];
  return together(rows);
}

function together(rows: readonly Row[]): Radios {
  const radios = new Map<string, Radio>();
  const clientsByBand = new Map<Band, number>();
  let all: number | undefined;
  for (const { name, band, clients, noiseDbm, channelUtilization } of rows) {
    radios.set(name, {
      ...radios.get(name),
      ...(band !== undefined && { band }),
      ...(noiseDbm !== undefined && { noiseDbm }),
      ...(channelUtilization !== undefined && { channelUtilization }),
    });
    if (clients === undefined) continue;
    all = (all ?? 0) + clients;
    if (band !== undefined) clientsByBand.set(band, (clientsByBand.get(band) ?? 0) + clients);
  }
  return { radios, clientsByBand, ...(all !== undefined && { clients: all }) };
}

function rowsOf(table: RadioTable, { columns }: Answers, interfaceNames: ReadonlyMap<string, string>): Row[] {
  const { band, zeroIsUnknown = false } = table;
  const read = (column: string | undefined, index: string): SnmpValue | undefined => {
    const value = columns.get(column ?? '')?.get(index);
    return zeroIsUnknown && value === 0 && column !== table.clients ? undefined : value;
  };
  const { name, frequencyMhz, channel, clients, noiseDbm } = table;
  const { channelUtilizationPercent: percent, channelUtilizationPermille: permille } = table;
  const all = [name, band?.column, frequencyMhz, channel, clients, noiseDbm, percent, permille];
  const indexes = new Set(all.flatMap((column) => [...(columns.get(column ?? '')?.keys() ?? [])]));
  return [...indexes].slice(0, MAX_ROWS).map((index) => ({
    name: textOf(read(name, index), NAME_LENGTH) || interfaceNames.get(index) || index,
    band:
      band?.is[textOf(read(band.column, index), NAME_LENGTH) ?? ''] ??
      bandOfMhz(numberOf(read(frequencyMhz, index))) ??
      bandOfChannel(numberOf(read(channel, index))),
    clients: countOf(read(clients, index)),
    noiseDbm: noiseOf(read(noiseDbm, index)),
    channelUtilization: shareOf(read(percent, index), 100) ?? shareOf(read(permille, index), 1_000),
  }));
}

export function countOf(value: SnmpValue | undefined): number | undefined {
  const count = numberOf(value);
  return count !== undefined && count >= 0 && count < MOST_CLIENTS ? count : undefined;
}

function bandOfMhz(mhz: number | undefined): Band | undefined {
  if (mhz === undefined) return undefined;
  if (mhz >= 2400 && mhz < 2500) return '2.4';
  if (mhz >= 4900 && mhz < 5925) return '5';
  return mhz >= 5925 && mhz < 7125 ? '6' : undefined;
}

/** Channels of 6 GHz have the numbers of the other bands again, so who has that band has to say the frequency. */
function bandOfChannel(channel: number | undefined): Band | undefined {
  if (channel === undefined || channel < 1) return undefined;
  if (channel <= 14) return '2.4';
  return channel >= 32 && channel <= 177 ? '5' : undefined;
}

/** Noise is far below 1 mW: some devices leave the sign out, and 0 is no measurement. */
function noiseOf(value: SnmpValue | undefined): number | undefined {
  const noise = numberOf(value);
  return noise === undefined || noise === 0 || Math.abs(noise) > 150 ? undefined : -Math.abs(noise);
}

/** @param whole  what the device calls all of it */
function shareOf(value: SnmpValue | undefined, whole: number): number | undefined {
  const part = unsignedOf(numberOf(value));
  return part !== undefined && part <= whole ? part / whole : undefined;
}
