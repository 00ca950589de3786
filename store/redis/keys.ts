import type { ApId, GatewayId, GrantId, SiteId } from '../../core/ids';
import { HOUR, type Millis } from '../../core/time';

/**
 * In how many shares sites, gateways and access points are divided. Everything of one share lies in one slot of a
 * cluster, so that an operation on it is atomic; what concerns everybody goes through this many keys, however large the
 * town is. Another number is another schema.
 */
export const SHARES = 64;

export type Value = string | number | Buffer;

/** The name of a key. What stands in braces is the hash tag: by it the cluster chooses the slot. */
export class Keys {
  readonly #prefix: string;
  /** Made once: each report asks for one. */
  readonly #gatewayShares: readonly GatewayKeys[];

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#gatewayShares = ALL_SHARES.map((share) => gatewayKeys(`${prefix}:{g${share}}`));
  }

  /** What there is once in a town. */
  town(table: 'meta' | 'exams' | 'feedback' | 'maintenance' | 'unwatched' | 'leases'): string {
    return `${this.#prefix}:{town}:${table}`;
  }

  site(site: SiteId): SiteKeys {
    return this.siteShare(shareOf(site));
  }

  siteShare(share: number): SiteKeys {
    const at = `${this.#prefix}:{s${share}}`;
    return {
      grants: `${at}:grants`,
      octets: `${at}:octets`,
      bySite: `${at}:grants-by-site`,
      byGateway: `${at}:grants-by-gateway`,
      byExpiry: `${at}:grants-by-expiry`,
      credits: (id) => `${at}:credits:${id}`,
      dayUse: `${at}:day-use`,
      dayUseByDay: `${at}:day-use-by-day`,
      acceptances: hourTable(at, 'acceptances'),
      pseudonymKeys: (site) => `${at}:keys:${site}`,
      keyExpiry: `${at}:key-expiry`,
      usageShares: (site) => `${at}:usage-shares:${site}`,
    };
  }

  gateway(gateway: GatewayId): GatewayKeys {
    return this.gatewayShare(shareOf(gateway));
  }

  gatewayShare(share: number): GatewayKeys {
    const keys = this.#gatewayShares[share];
    if (keys === undefined) throw new RangeError('no such share');
    return keys;
  }

  accessPoint(ap: ApId): HealthKeys {
    return this.healthShare(shareOf(ap));
  }

  healthShare(share: number): HealthKeys {
    const at = `${this.#prefix}:{h${share}}`;
    return {
      health: `${at}:health`,
      firstSeen: `${at}:first-seen`,
      lasting: `${at}:lasting`,
      outages: (ap) => `${at}:outages:${ap}`,
      closed: `${at}:closed`,
    };
  }

  /** The channel on which it is told which grant is not as it was. */
  grantChanges(): string {
    return `${this.#prefix}:grant-changes`;
  }

  /** A pattern for the keys of those who wait at any gateway. */
  anyWaiting(): string {
    return `${this.#prefix}:{g*}:waiting:*`;
  }

  /** Where a grant lies, and which sessions run under it. */
  grantIndex(id: GrantId): string {
    return `${this.#prefix}:{i:${id}}`;
  }

  /** @param hash  of a word that serves once */
  usedWord(hash: string): string {
    return `${this.#prefix}:{o:${hash}}`;
  }

  /** @param hash  of the user name */
  credential(hash: string): string {
    return `${this.#prefix}:{c:${hash}}`;
  }
}

/** Hashes unless said; `by…` are sorted sets. */
export interface SiteKeys {
  /** By pseudonym. */
  readonly grants: string;
  /** By pseudonym: what the grant has used, a number that is only ever added to. */
  readonly octets: string;
  /** Without scores: site, octet zero, pseudonym. */
  readonly bySite: string;
  /** Without scores: gateway, octet zero, pseudonym. */
  readonly byGateway: string;
  /** Pseudonyms by the end of their grants. */
  readonly byExpiry: string;
  /** By session: up to where its octets were added to this grant. */
  readonly credits: (id: GrantId) => string;
  /** By pseudonym. */
  readonly dayUse: string;
  /** Pseudonyms by day, as the number 20261120. */
  readonly dayUseByDay: string;
  readonly acceptances: HourTable;
  /** By day: the wrapped keys of a site's pseudonyms. */
  readonly pseudonymKeys: (site: SiteId) => string;
  /** Site, octet zero, day, by when the last grant made under that key expires. */
  readonly keyExpiry: string;
  /** A set: in which gateway shares a site's hours are counted. */
  readonly usageShares: (site: SiteId) => string;
}

export interface GatewayKeys {
  /** By name: gateway, octet zero, session id; so are orders and the sorted sets. */
  readonly sessions: string;
  /** Sessions that run, by a time at which they were heard of; it may have been later, which the session itself says. */
  readonly running: string;
  /** The same without scores. */
  readonly runningByName: string;
  /** Without scores: site, octet zero, name. */
  readonly runningBySite: string;
  /** By site: how many run. */
  readonly runningCount: string;
  /** Sessions that are over, by their end. */
  readonly ended: string;
  readonly orders: string;
  /** Orders that are not settled, by when they are due. */
  readonly ordersDue: string;
  /** All orders, by when they are forgotten. */
  readonly ordersUntil: string;
  readonly usage: HourTable;
  /** Visitors by id; the order of their turns; since when they wait. */
  readonly waiting: (gateway: GatewayId) => {
    readonly visitors: string;
    readonly turns: string;
    readonly since: string;
  };
}

function gatewayKeys(at: string): GatewayKeys {
  return {
    sessions: `${at}:sessions`,
    running: `${at}:running`,
    runningByName: `${at}:running-by-name`,
    runningBySite: `${at}:running-by-site`,
    runningCount: `${at}:running-count`,
    ended: `${at}:ended`,
    orders: `${at}:orders`,
    ordersDue: `${at}:orders-due`,
    ordersUntil: `${at}:orders-until`,
    usage: hourTable(at, 'usage'),
    waiting: (gateway) => {
      const of = `${at}:waiting:${gateway}`;
      return { visitors: of, turns: `${of}:turns`, since: `${of}:since` };
    },
  };
}

export interface HealthKeys {
  /** By access point. */
  readonly health: string;
  readonly firstSeen: string;
  /** By access point: when the outage began that lasts. */
  readonly lasting: string;
  /** By their beginning. */
  readonly outages: (ap: ApId) => string;
  /** Access point, octet zero, beginning, by the end of the outage. */
  readonly closed: string;
}

/** Numbers counted by hour. An entry is called: site, octet zero, hour in 15 digits, whatever else tells it apart. */
export interface HourTable {
  readonly counts: string;
  /** Entries without scores, so by site and then by hour. */
  readonly names: string;
  /** Entries by hour. */
  readonly hours: string;
}

function hourTable(at: string, name: string): HourTable {
  return { counts: `${at}:${name}`, names: `${at}:${name}-names`, hours: `${at}:${name}-hours` };
}

/** Sorts as the hour does. */
export function hourText(hour: Millis): string {
  return String(Math.max(0, hour)).padStart(15, '0');
}

/** The bounds of a site's entries whose hour overlaps a window, for ZRANGEBYLEX. */
export function hoursOf(site: SiteId, window: { readonly from: Millis; readonly to: Millis }): [string, string] {
  const first = window.from - (window.from % HOUR);
  return [`[${site}\0${hourText(first)}`, `(${site}\0${hourText(window.to)}`];
}

/** The bounds of everything that begins with a word and an octet zero, for ZRANGEBYLEX. */
export function beginningWith(word: string): [string, string] {
  return [`[${word}\0`, `(${word}\x01`];
}

/** A word and octets that say which of the word's. */
export function entry(word: string, octets: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${word}\0`), octets]);
}

/** What `entry` put behind the word. */
export function entryOctets(entry: Buffer): Buffer {
  return entry.subarray(entry.indexOf(0) + 1);
}

/** What stands in braces: keys with the same lie in the same slot. */
export function tagOf(key: string): string {
  return key.slice(key.indexOf('{') + 1, key.indexOf('}'));
}

/** In which of the 16,384 slots of a cluster a key lies: CRC-16 (XMODEM) of what stands in braces. */
export function slotOf(key: string): number {
  let crc = 0;
  for (const octet of Buffer.from(tagOf(key))) {
    crc ^= octet << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  }
  return (crc & 0xffff) % 16_384;
}

/** FNV-1a over the characters: every process has to come to the same share, and for ever. */
export function shareOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % SHARES;
}

/** 0 to 63. */
export const ALL_SHARES: readonly number[] = Array.from({ length: SHARES }, (_, share) => share);
