import { Shared } from '../../runtime/shared';
import { generic } from '../profiles/generic';
import { INTERFACES } from '../profiles/interfaces';
import { type Profile, type RadioTable, SCALARS, type ScalarName, type ValueSource } from '../profiles/profile';
import type { Oid } from './snmp-ber';
import type { SnmpValue } from './snmp-reader';
import { type Column, type Get, getOf, type SnmpSession, type Walk, walkOf } from './snmp-session';
import { SnmpFault } from './snmp-transport';
import { textOf } from './snmp-values';

/** One object that may say a value; `read` finds the value in a text. */
export interface ScalarSource {
  readonly oid: Oid;
  readonly read?: RegExp;
}

/** A radio whose values have objects of their own. */
export interface NamedRadio {
  readonly name: string;
  readonly frequencyMhz?: Oid;
  readonly clients?: Oid;
  readonly noiseDbm?: Oid;
}

/** What one access point is asked in each poll. Made once for all of a kind that answer alike. */
export interface Plan {
  readonly profile: Profile;
  readonly scalars: ReadonlyMap<ScalarName, readonly ScalarSource[]>;
  readonly namedRadios: readonly NamedRadio[];
  readonly radios: readonly RadioTable[];
  readonly interfaces: Readonly<Record<keyof typeof INTERFACES, readonly Oid[]>>;
  readonly status?: { readonly oid: Oid; readonly up: number };
  readonly gets: readonly Get[];
  readonly walks: readonly Walk[];
}

/** What it said. */
export interface Answers {
  readonly values: ReadonlyMap<Oid, SnmpValue>;
  readonly columns: ReadonlyMap<Oid, Column>;
  /** Whether every table could be read. */
  readonly isComplete: boolean;
}

type Parts = Omit<Plan, 'gets' | 'walks'>;

const plans = new WeakMap<Profile, Shared<Plan>>();

/** So many that the answer stays below 1,500 octets, so no IP fragments. */
const OBJECTS_PER_GET = 24;
const NAME_LENGTH = 32;
/** More radios than an access point has. */
const MAX_RADIOS = 16;

const NO_INTERFACES: Plan['interfaces'] = { name: [], receiveOctets: [], transmitOctets: [], operStatus: [] };

/** Everything the profile knows to ask, in all its ways: `narrowed` leaves what this device answers. */
export async function wholePlan(session: SnmpSession, profile: Profile, member: string | undefined): Promise<Plan> {
  const { members } = profile;
  if (members !== undefined && member !== undefined) return memberPlan(session, profile, members, member);
  const scalars = { ...generic.scalars, ...profile.scalars };
  return withRequests({
    profile,
    scalars: await resolved(session, scalars, ''),
    namedRadios: await namedRadios(session, profile.namedRadios),
    radios: profile.radios,
    interfaces: INTERFACES,
  });
}

/** One access point of many that a controller answers for: its row in each table. */
async function memberPlan(
  session: SnmpSession,
  profile: Profile,
  members: NonNullable<Profile['members']>,
  member: string,
): Promise<Plan> {
  const index = await indexOfMember(session, members.name, member);
  const { status, radios } = members;
  const ownRow = (column: Oid | undefined): Oid | undefined =>
    column === undefined ? undefined : `${column}.${index}`;
  const own = await resolved(session, members.scalars, `.${index}`);
  const description = generic.scalars.description ?? [];
  return withRequests({
    profile,
    scalars: new Map([...(await resolved(session, { description }, '')), ...own]),
    namedRadios: [],
    radios: radios === undefined ? [] : [mapColumns(radios, ownRow)],
    interfaces: NO_INTERFACES,
    ...(status !== undefined && { status: { oid: `${status.column}.${index}`, up: status.up } }),
  });
}

/** By name, or by the hardware address that is the index of the row. */
async function indexOfMember(session: SnmpSession, column: Oid, member: string): Promise<string> {
  const digits = member.replace(/[:.-]/g, '');
  const address = /^[0-9a-f]{12}$/i.test(digits) ? [...Buffer.from(digits, 'hex')].join('.') : undefined;
  const names = (await session.walk(walkOf([column]))).get(column) ?? new Map();
  for (const [index, value] of names) {
    if (index === address || (Buffer.isBuffer(value) && value.toString('utf8') === member)) return index;
  }
  throw new SnmpFault('member-unknown');
}

function mapColumns(
  { band, zeroIsUnknown, ...columns }: RadioTable,
  map: (column?: Oid) => Oid | undefined,
): RadioTable {
  const bandColumn = map(band?.column);
  return {
    ...Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, map(column)])),
    ...(band !== undefined && bandColumn !== undefined && { band: { ...band, column: bandColumn } }),
    ...(zeroIsUnknown !== undefined && { zeroIsUnknown }),
  };
}

async function resolved(
  session: SnmpSession,
  scalars: Profile['scalars'],
  row: string,
): Promise<Map<ScalarName, readonly ScalarSource[]>> {
  const all = new Map<ScalarName, readonly ScalarSource[]>();
  for (const name of SCALARS) {
    const sources: ScalarSource[] = [];
    for (const source of scalars[name] ?? []) {
      const found = concrete(session, source, row);
      sources.push(...(Array.isArray(found) ? found : await found));
    }
    if (sources.length > 0) all.set(name, sources);
  }
  return all;
}

/** Only what is looked for below a branch has to be asked for; most is known. */
function concrete(session: SnmpSession, source: ValueSource, row: string): Promise<ScalarSource[]> | ScalarSource[] {
  if (typeof source === 'string') return [{ oid: source + row }];
  if ('oid' in source) return [{ oid: source.oid + row, read: new RegExp(source.pattern) }];
  return session.firstOf([source.below]).then(([first]) => (first === undefined ? [] : [{ oid: first.oid }]));
}

async function namedRadios(session: SnmpSession, named: Profile['namedRadios']): Promise<NamedRadio[]> {
  if (named === undefined) return [];
  const [list] = await session.get(getOf([named.names]));
  const lines = Buffer.isBuffer(list) ? list.toString('latin1').replaceAll('"', '').split('\n') : [];
  const names = lines.map((line) => line.split(',')[0]?.trim() ?? '').filter((name) => /^[\w.-]{1,32}$/.test(name));
  return names.slice(0, MAX_RADIOS).map((name) => {
    const fill = (template: string | undefined): Oid | undefined =>
      template?.replace(/"([^"]*)"/, (_, text: string) => asIndex(text.replace('{name}', name)));
    const [frequencyMhz, clients, noiseDbm] = [fill(named.frequencyMhz), fill(named.clients), fill(named.noiseDbm)];
    return {
      name: textOf(Buffer.from(name), NAME_LENGTH) ?? name,
      ...(frequencyMhz !== undefined && { frequencyMhz }),
      ...(clients !== undefined && { clients }),
      ...(noiseDbm !== undefined && { noiseDbm }),
    };
  });
}

/** A text as the index of a table: its length, then its characters (RFC 2578 7.7). */
function asIndex(text: string): string {
  return [text.length, ...Buffer.from(text, 'latin1')].join('.');
}

/** The plan without what the device did not answer, so that the next polls are small. */
export function narrowed(plan: Plan, { values, columns }: Answers): Plan {
  const says = (oid: Oid | undefined): boolean => oid !== undefined && (values.get(oid) ?? null) !== null;
  const has = (column: Oid | undefined): boolean => (columns.get(column ?? '')?.size ?? 0) > 0;
  const chosen = (choices: readonly Oid[]): readonly Oid[] => choices.filter(has).slice(0, 1);
  const { name, receiveOctets, transmitOctets, operStatus } = plan.interfaces;
  /** As many as there are, and one more to see that there is no other. */
  const rows = (table: readonly Oid[]): number =>
    Math.max(...table.map((column) => columns.get(column)?.size ?? 0)) + 1;
  const parts: Parts = {
    ...plan,
    scalars: new Map(
      [...plan.scalars].flatMap(([scalar, sources]) => {
        const first = sources.find(({ oid }) => says(oid));
        return first === undefined ? [] : [[scalar, [first]]];
      }),
    ),
    namedRadios: plan.namedRadios.filter(({ clients, frequencyMhz, noiseDbm }) =>
      [clients, frequencyMhz, noiseDbm].some(says),
    ),
    radios: plan.radios
      .map((table) => mapColumns(table, (column) => (has(column) ? column : undefined)))
      .filter((table) => columnsOf(table).length > 0),
    interfaces: {
      name: chosen(name),
      receiveOctets: chosen(receiveOctets),
      transmitOctets: chosen(transmitOctets),
      operStatus: chosen(operStatus),
    },
  };
  return withRequests(parts, rows);
}

function columnsOf({ band, zeroIsUnknown: _, ...columns }: RadioTable): Oid[] {
  return [...new Set([band?.column, ...Object.values(columns)])].filter((column) => column !== undefined);
}

/** @param rowsOf  how many rows a table is known to have */
function withRequests(parts: Parts, rowsOf?: (columns: readonly Oid[]) => number): Plan {
  const { profile, scalars, namedRadios, radios, interfaces, status } = parts;
  const single = [
    ...[...scalars.values()].flat().map(({ oid }) => oid),
    ...namedRadios.flatMap(({ clients, frequencyMhz, noiseDbm }) => [clients, frequencyMhz, noiseDbm]),
    status?.oid,
  ];
  const oids = [...new Set(single)].filter((oid) => oid !== undefined);
  const tables = [Object.values(interfaces).flat(), ...radios.map(columnsOf)]
    .filter((columns) => columns.length > 0)
    .map((columns) => ({ columns, rows: rowsOf?.(columns) }));
  const ofProfile = plans.get(profile) ?? new Shared();
  plans.set(profile, ofProfile);
  const key = JSON.stringify([[...scalars], namedRadios, radios, interfaces, status, tables]);
  return ofProfile.of(key, () => {
    const gets: Get[] = [];
    for (let at = 0; at < oids.length; at += OBJECTS_PER_GET) gets.push(getOf(oids.slice(at, at + OBJECTS_PER_GET)));
    const walks = tables.map(({ columns, rows }) => walkOf(columns, rows));
    return { profile, scalars, namedRadios, radios, interfaces, ...(status !== undefined && { status }), gets, walks };
  });
}

/**
 * Asks all of it. A table that cannot be read is absent: the device answers, so it is up.
 * @throws SnmpFault
 */
export async function ask(session: SnmpSession, { gets, walks }: Plan): Promise<Answers> {
  const values = new Map<Oid, SnmpValue>();
  for (const get of gets) {
    const found = await session.get(get);
    for (const [i, oid] of get.oids.entries()) values.set(oid, found[i] ?? null);
  }
  const columns = new Map<Oid, Column>();
  let isComplete = true;
  for (const walk of walks) {
    try {
      for (const [column, rows] of await session.walk(walk)) columns.set(column, rows);
    } catch (error) {
      if (!(error instanceof SnmpFault)) throw error;
      isComplete = false;
    }
  }
  return { values, columns, isComplete };
}
