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
  readonly listing: Listing;
  /** The entry of the site's hour, as it is called. */
  readonly entry: string;
  readonly hour: Millis;
  readonly added: Usage & { readonly sessions: number };
}

/** The keys that the script REPORT gets for each share, in its order. */
function keysOfShare({ usage, ...of }: GatewayKeys): string[] {
  const lists = [of.running, of.runningByName, of.runningBySite, of.runningCount, of.ended];
  return [of.sessions, of.orders, ...lists, usage.counts, usage.names, usage.hours];
}
const PLACE = { running: 3, runningByName: 4, runningBySite: 5, runningCount: 6, ended: 7, usage: 8 } as const;
const KEYS_OF_SHARE = 10;

export interface ReportCall<R extends Report> {
  readonly keys: string[];
  readonly values: Value[];
  /** In the order of the script's answers. */
  readonly reports: readonly R[];
}

/** What EVALSHA takes for these reports, which are on different sessions. */
export function reportCallOf<R extends Report>(reports: readonly R[]): ReportCall<R> {
  const shares = new Map<GatewayKeys, R[]>();
  for (const report of reports) {
    const share = shares.get(report.of);
    if (share === undefined) shares.set(report.of, [report]);
    else share.push(report);
  }
  const keys: string[] = [];
  const values: Value[] = [shares.size];
  for (const [of, share] of shares) {
    keys.push(...keysOfShare(of));
    values.push(share.length);
    for (const { name } of share) values.push(name);
    for (const { lying } of share) values.push(lying ?? '');
    for (const { text } of share) values.push(text);
  }
  let first = 0;
  for (const share of shares.values()) {
    writeLists(values, share, first);
    writeHours(values, share, first + PLACE.usage);
    first += KEYS_OF_SHARE;
  }
  return { keys, values, reports: [...shares.values()].flat() };
}

/** Each list is written once for all that enter or leave it. */
function writeLists(values: Value[], reports: readonly Report[], first: number): void {
  const moves = new Map<string, { readonly start: readonly Value[]; readonly values: Value[] }>();
  const move = (command: string, list: keyof typeof PLACE, ...what: Value[]): void => {
    const id = `${command} ${list}`;
    const known = moves.get(id);
    if (known === undefined) moves.set(id, { start: [command, first + PLACE[list]], values: what });
    else known.values.push(...what);
  };
  const more = new Map<string, number>();
  for (const { listing, after } of reports) {
    for (const [list, ...scored] of listing.enters) move('ZADD', list, ...scored);
    for (const [list, member] of listing.leaves) move('ZREM', list, member);
    if (listing.more !== 0) more.set(after.site, (more.get(after.site) ?? 0) + listing.more);
  }
  for (const { start, values: what } of moves.values()) values.push(...start, what.length, ...what);
  for (const [site, count] of more) values.push('HINCRBY', first + PLACE.runningCount, 2, site, count);
}

const COUNTED = ['sessions', 'seconds', 'downloadOctets', 'uploadOctets'] as const;

/** What is counted by the hour is added up first. A total stops at the largest exact number, and so may the sum. */
function writeHours(values: Value[], reports: readonly Report[], place: number): void {
  const entries = new Map<string, { readonly hour: Millis; readonly sums: number[] }>();
  for (const { entry, hour, added } of reports) {
    let counted = entries.get(entry);
    if (counted === undefined) {
      counted = { hour, sums: [0, 0, 0, 0] };
      entries.set(entry, counted);
    }
    for (const [i, what] of COUNTED.entries()) counted.sums[i] = addOctets(counted.sums[i] ?? 0, added[what]);
  }
  for (const [entry, { hour, sums }] of entries) {
    const amounts = COUNTED.flatMap((what, i) => (sums[i] === 0 ? [] : [what, sums[i] ?? 0]));
    if (amounts.length > 0) values.push('ADD', place, 2 + amounts.length, entry, hour, ...amounts);
  }
}
