import { addOctets } from '../../core/octets';
import type { Usage } from '../../core/session';
import type { Millis } from '../../core/time';
import type { GatewayKeys, Value } from './keys';
import type { SessionRecord } from './records';
import type { Listing } from './session-change';

/** What a report makes of its session, and what that adds. */
export interface Report {
  readonly of: GatewayKeys;
  readonly name: string;
  /** What has to lie there. */
  readonly lying: string | null;
  readonly after: SessionRecord;
  /** `after`, as it will lie there. */
  readonly text: string;
  readonly listing: Listing | undefined;
  /** The entry of the site's hour, as it is called. */
  readonly entry: string;
  readonly hour: Millis;
  readonly added: Usage & { readonly sessions: number };
}

export interface Asked {
  readonly report: Report;
}

export interface ReportCall<A extends Asked> {
  readonly keys: string[];
  readonly values: Value[];
  /** In the order of the script's answers. */
  readonly asked: readonly A[];
}

/** What EVALSHA takes for these reports, which are on different sessions. */
export function reportCallOf<A extends Asked>(asked: readonly A[]): ReportCall<A> {
  const shares = new Map<GatewayKeys, A[]>();
  for (const one of asked) {
    const share = shares.get(one.report.of);
    if (share === undefined) shares.set(one.report.of, [one]);
    else share.push(one);
  }
  const keys: string[] = [];
  const values: Value[] = [shares.size];
  for (const [{ sessions, orders }, share] of shares) {
    keys.push(sessions, orders);
    values.push(share.length);
    for (const { report } of share) values.push(report.name);
    for (const { report } of share) values.push(report.lying ?? '');
    for (const { report } of share) values.push(report.text);
  }
  const writes = new Writes(keys, values);
  for (const [of, share] of shares) {
    writeLists(writes, of, share);
    writeHours(writes, of, share);
  }
  return { keys, values, asked: [...shares.values()].flat() };
}

/** The commands at the end of a call. */
class Writes {
  readonly #keys: string[];
  readonly #values: Value[];

  constructor(keys: string[], values: Value[]) {
    this.#keys = keys;
    this.#values = values;
  }

  add(command: string, keys: readonly string[], values: readonly Value[]): void {
    this.#values.push(command, this.#keys.length + 1, values.length, ...values);
    this.#keys.push(...keys);
  }
}

/** Each list is written once for all that enter or leave it. */
function writeLists(writes: Writes, of: GatewayKeys, share: readonly Asked[]): void {
  let moves: Map<string, Value[]> | undefined;
  let more: Map<string, number> | undefined;
  for (const { report } of share) {
    const { listing, after } = report;
    if (listing === undefined) continue;
    moves ??= new Map();
    more ??= new Map();
    for (const [list, score, member] of listing.enters) valuesOf(moves, `ZADD ${of[list]}`).push(score, member);
    for (const [list, member] of listing.leaves) valuesOf(moves, `ZREM ${of[list]}`).push(member);
    if (listing.more !== 0) more.set(after.site, (more.get(after.site) ?? 0) + listing.more);
  }
  for (const [move, values] of moves ?? []) writes.add(move.slice(0, 4), [move.slice(5)], values);
  for (const [site, count] of more ?? []) writes.add('HINCRBY', [of.runningCount], [site, count]);
}

function valuesOf(moves: Map<string, Value[]>, move: string): Value[] {
  const known = moves.get(move);
  if (known !== undefined) return known;
  const values: Value[] = [];
  moves.set(move, values);
  return values;
}

/** What sums up to an entry of an hour. A total stops at the largest exact number, and so may the sum. */
class HourSum {
  readonly #hour: Millis;
  #sessions = 0;
  #seconds = 0;
  #downloadOctets = 0;
  #uploadOctets = 0;

  constructor(hour: Millis) {
    this.#hour = hour;
  }

  add({ sessions, seconds, downloadOctets, uploadOctets }: Report['added']): void {
    this.#sessions += sessions;
    this.#seconds = addOctets(this.#seconds, seconds);
    this.#downloadOctets = addOctets(this.#downloadOctets, downloadOctets);
    this.#uploadOctets = addOctets(this.#uploadOctets, uploadOctets);
  }

  /** What ADD is given; nothing if there is nothing to add. */
  valuesFor(entry: string): Value[] {
    const values: Value[] = [entry, this.#hour];
    if (this.#sessions !== 0) values.push('sessions', this.#sessions);
    if (this.#seconds !== 0) values.push('seconds', this.#seconds);
    if (this.#downloadOctets !== 0) values.push('downloadOctets', this.#downloadOctets);
    if (this.#uploadOctets !== 0) values.push('uploadOctets', this.#uploadOctets);
    return values.length === 2 ? [] : values;
  }
}

/** What is counted by the hour is added up first. */
function writeHours(writes: Writes, { usage }: GatewayKeys, share: readonly Asked[]): void {
  const sums = new Map<string, HourSum>();
  for (const { report } of share) {
    let sum = sums.get(report.entry);
    if (sum === undefined) {
      sum = new HourSum(report.hour);
      sums.set(report.entry, sum);
    }
    sum.add(report.added);
  }
  for (const [entry, sum] of sums) {
    const values = sum.valuesFor(entry);
    if (values.length > 0) writes.add('ADD', [usage.counts, usage.names, usage.hours], values);
  }
}
