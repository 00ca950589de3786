import { createHash } from 'node:crypto';
import { DeviceAddress } from '../../core/mac';
import { DAY, HOUR, type Millis, SECOND } from '../../core/time';
import type { Random } from '../../runtime/random';
import type { Store } from '../../store/store';
import { CONTEXT, event, request, START } from '../contract/fixtures';
import type { LyingRecord, ProvenDriver } from './driver';

/**
 * The linkage game. A town walks for a few days; whoever steals everything that is stored, at any moment and as often as
 * they like, is shown two visits and says whether it was the same device.
 *
 * - They see every field of every record, decoded, of a copy taken every evening while the sessions run and before anything
 *   is forgotten: more than any one moment holds. They know nothing of the outside: neither the configuration's `key` nor
 *   what passes over the air.
 * - They put together what belongs together: the records that lead to a grant by its id, its device's code, its credential.
 * - Score of two visits: over each value that both have, the sum of -ln(share of all visits that have it); so what two
 *   visits share and others do not tells most. Besides, up to one point for codes that are alike bit by bit, for the
 *   same time of day, the same duration and the same volume.
 * - AUC: how often a pair of one device scores higher than one of two devices. 0.5 is guessing, 1 is knowing.
 *
 * Habits are not part of the game: each visit draws its place, time, duration and volume anew. Whoever is at the same
 * place every day at 7:58 can be recognised by that while the visit lasts, whatever is stored in place of their name.
 */
const DAYS = 4;
const DEVICES = 250;
const SITES = ['rathaus', 'schule', 'bus'];

interface Visit {
  readonly device: number;
  readonly grant: string;
}

/** A town in which something goes wrong, for the attack to find. */
interface Leak {
  /** What becomes of the octets that the store draws. */
  readonly bytes?: (drawn: Buffer) => Buffer;
  /** How a gateway numbers its sessions. */
  readonly sessionId?: (device: number, drawn: string) => string;
}

interface Bundle {
  readonly device: number;
  readonly site: string;
  readonly day: number;
  readonly values: ReadonlySet<string>;
  readonly code: Buffer;
  readonly traits: readonly number[];
}

/** What must not go wrong, planted, so that one sees that the adversary would notice. */
const LEAKS: readonly (readonly [what: string, leak: Leak])[] = [
  ['all keys of codes are the same', { bytes: (drawn) => (drawn.length === 32 ? Buffer.alloc(32, 7) : drawn) }],
  ['a gateway numbers sessions by the device', { sessionId: (device) => `0000-${device}` }],
];

/** The linkage game, and the proof that it would show a leak. */
export function linkageContract(name: string, driver: ProvenDriver): void {
  describe(`${name}: the linkage game`, () => {
    test('whoever holds everything that is stored only guesses which visits were the same device', async () => {
      const reached = await linkageGame(driver, 'game');

      expect(reached).toBeGreaterThan(0.48);
      expect(reached).toBeLessThan(0.52);
    });

    test.each(LEAKS)('if %s, they know', async (what, leak) => {
      expect(await linkageGame(driver, `leak-${what.length}`, leak)).toBeGreaterThan(0.99);
    });
  });
}

/** Plays the game on a store of its own. @returns the AUC of the adversary */
async function linkageGame(driver: ProvenDriver, place: string, leak: Leak = {}): Promise<number> {
  const dice = new Dice(place);
  // What the store draws falls the same way in each run, too: by chance alone the AUC would move by 0.01.
  const bytes = (length: number): Buffer => (leak.bytes ?? ((drawn) => drawn))(dice.bytes(length));
  const random: Random = { bytes, word: () => dice.word(), fraction: () => dice.below(1e9) / 1e9 };
  const bundles: Bundle[] = [];
  for (let day = 0; day < DAYS; day += 1) {
    const store = await driver.open({ ...CONTEXT, random, place });
    const night = START + day * DAY - 2 * HOUR;
    await store.closeSilentSessions(night - HOUR, night - HOUR);
    await store.forget(night, { historyBefore: 0 });
    const visits = await walk(store, day, { dice, leak });
    await store.close();
    bundles.push(...bundlesOf(await driver.records(place), visits, day));
  }
  return auc(bundles, dice);
}

/** Everybody goes somewhere, in no particular order, and is online for a while. */
async function walk(store: Store, day: number, { dice, leak }: { dice: Dice; leak: Leak }): Promise<Visit[]> {
  // Draws the keys, one after the other.
  for (const site of SITES) await store.putGrant(request(0, { site, now: START + day * DAY }));
  const order = dice.shuffled(Array.from({ length: DEVICES }, (_, device) => device));
  return Promise.all(
    order.map(async (device) => {
      const now = START + day * DAY + dice.below(4 * HOUR);
      const site = dice.of(SITES);
      const { grant, credential } = await store.putGrant(
        request(0, { site, device: addressOf(device), now, expiresAt: now + 12 * HOUR, withCredential: true }),
      );
      const { username = '' } = credential ?? {};
      await store.takeCredential({ username, gateway: 'gw-1', device: addressOf(device), now });
      const drawn = dice.word();
      const sessionId = leak.sessionId?.(device, drawn) ?? drawn;
      const of = { site, sessionId, grantId: grant.id, username, gateway: 'gw-1' };
      const seconds = 60 + dice.below(3000);
      const at = (after: Millis) => ({ eventAt: now + after, receivedAt: now + after });
      await store.applyAccounting(event('start', 0, { ...of, ...at(0) }));
      const volume = { downloadOctets: dice.below(1e8), uploadOctets: dice.below(1e7) };
      await store.applyAccounting(event('interim', 0, { ...of, ...at(seconds * SECOND), seconds, ...volume }));
      return { device, grant: grant.id };
    }),
  );
}

/** Puts together what lies there about each visit. */
function bundlesOf(records: readonly LyingRecord[], visits: readonly Visit[], day: number): Bundle[] {
  const personal = records.filter(({ of }) => ['grant', 'session', 'credential', 'end-order'].includes(of));
  const byWord = new Map<string, LyingRecord[]>();
  for (const record of personal) {
    for (const word of idsIn(record)) byWord.set(word, [...(byWord.get(word) ?? []), record]);
  }
  return visits.map(({ device, grant }) => {
    const mine = byWord.get(grant) ?? [];
    const field = (path: string): unknown => mine.flatMap(({ fields }) => fields).find(([name]) => name === path)?.[1];
    const code = field('device');
    if (!Buffer.isBuffer(code)) throw new Error('a visit has left no code of its device');
    const all = [...mine, ...(byWord.get(code.toString('hex')) ?? [])];
    const values = new Set(all.flatMap(({ fields }) => fields.map(([path, value]) => `${path} ${text(value)}`)));
    const numbers = ['segments.start', 'segments.seconds', 'segments.downloadOctets'].map((path) =>
      Number(field(path)),
    );
    const [start = 0, seconds = 0, octets = 0] = numbers;
    const traits = [(start % DAY) / DAY, seconds / 3600, octets / 1e8];
    return { device, site: String(field('site')), day, values, code, traits };
  });
}

function idsIn({ fields }: LyingRecord): ReadonlySet<string> {
  const ids = fields
    .filter(([path]) => ['id', 'grantId', 'device'].includes(path))
    .map(([path, value]) => {
      return Buffer.isBuffer(value) && path === 'id' ? value.toString('base64url') : text(value);
    });
  return new Set(ids);
}

function text(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('hex') : String(value);
}

function auc(bundles: readonly Bundle[], dice: Dice): number {
  const having = new Map<string, number>();
  for (const { values } of bundles) for (const value of values) having.set(value, (having.get(value) ?? 0) + 1);
  const score = (a: Bundle, b: Bundle): number => {
    let sum = likeness(a, b);
    for (const value of a.values) if (b.values.has(value)) sum -= Math.log((having.get(value) ?? 1) / bundles.length);
    return sum;
  };
  const same: number[] = [];
  const different: number[] = [];
  for (const [i, a] of bundles.entries()) {
    for (const b of bundles.slice(i + 1)) if (b.device === a.device) same.push(score(a, b));
    // As many pairs of two devices, at other days like those of one device.
    for (let n = 0; n < DAYS; n += 1) {
      const b = dice.of(bundles);
      if (b.device !== a.device && b.day !== a.day) different.push(score(a, b));
    }
  }
  return higherShare(same, different);
}

/** How much two codes, times, durations and volumes are alike, at most 1. */
function likeness(a: Bundle, b: Bundle): number {
  const bits = a.code.reduce((sum, octet, i) => sum + ones(octet ^ (b.code[i] ?? 0)), 0);
  const apart = a.traits.map((trait, i) => Math.abs(trait - (b.traits[i] ?? 0)));
  return (1 - bits / 128 + apart.reduce((sum, one) => sum + Math.max(0, 1 - one), 0)) / 4;
}

function ones(octet: number): number {
  return [0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, bit) => sum + ((octet >> bit) & 1), 0);
}

/** The share of pairs in which the first list is higher; ties count half (Mann and Whitney). */
function higherShare(first: readonly number[], second: readonly number[]): number {
  const sorted = second.toSorted((a, b) => a - b);
  const below = (score: number, orEqual: boolean): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const value = sorted[middle] ?? 0;
      if (value < score || (orEqual && value === score)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const wins = first.reduce((sum, score) => sum + (below(score, false) + below(score, true)) / 2, 0);
  return wins / (first.length * second.length);
}

function addressOf(device: number): DeviceAddress {
  const address = DeviceAddress.parse(`02:77:3c:00:${hex(device >> 8)}:${hex(device & 255)}`);
  if (address === undefined) throw new Error('not a device address');
  return address;
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}

/** Chance that falls the same way each time, so that the game ends the same way. */
class Dice {
  readonly #seed: string;
  #thrown = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  bytes(length: number): Buffer {
    this.#thrown += 1;
    return createHash('shake256', { outputLength: length }).update(`${this.#seed} ${this.#thrown}`).digest();
  }

  word(): string {
    return this.bytes(16).toString('base64url');
  }

  below(limit: number): number {
    return Math.floor((this.bytes(4).readUInt32BE() / 2 ** 32) * limit);
  }

  of<T>(all: readonly T[]): T {
    const one = all[this.below(all.length)];
    if (one === undefined) throw new Error('nothing to choose from');
    return one;
  }

  shuffled<T>(all: readonly T[]): T[] {
    return all
      .map((one) => ({ one, at: this.word() }))
      .sort((a, b) => (a.at < b.at ? -1 : 1))
      .map(({ one }) => one);
  }
}
