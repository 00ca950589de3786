import { type Millis, SECOND } from '../../core/time';
import { md5 } from '../../runtime/md5';
import { CODE, HEADER_OCTETS, MAX_PACKET_OCTETS, type Packet } from '../wire/packet';
import type { Peer } from './udp';

/** hostapd sends a request for the last time 21 s after the first; what comes later is answered anew. */
const LIFETIME_MS = 30 * SECOND;
const DEFAULT_CAPACITY = 65_536;
/** What is kept of answers, for each request that is: most of ours are shorter. */
const USUAL_REPLY_OCTETS = 192;

/** Of a Message-Authenticator [RFC 3579 3.2], and of MD5. */
const SIGNATURE_OCTETS = 16;
/** In a mark: the head of the request, its signature, the port and the address that it came from. */
const AT = { authenticator: 4, signature: HEADER_OCTETS, port: 36, addressLength: 38, address: 39 } as const;
/** An address of IPv6 with the name of a network interface. */
const MAX_ADDRESS_OCTETS = 64;
const MARK_OCTETS = AT.address + MAX_ADDRESS_OCTETS;

/** A request whose answer is being made: the how manyth it is. */
export type Ticket = number;
const NONE: Ticket = -1;
/** Stand where an answer would begin. */
const BEING_MADE = -1;
const FORGOTTEN = -2;

/**
 * Recognises a request that comes again: same source address and port, same code, identifier and authenticator, and the
 * same signature if it has one, so that a gateway that uses authenticators twice gets no answer to another request. The
 * answer is the same octets again [RFC 5080 2.2.2]; while the first is still being answered there is none. Only verified
 * requests may be shown to it, otherwise strangers fill it. Its memory is bounded: the oldest entry goes first.
 *
 * Entries and answers lie in memory that is used round and round, because the garbage collector would have to move an
 * object for each. Entries with the same remainder are chained from the youngest to the oldest; a chain ends where what is
 * not kept any more begins, so nothing is ever taken out of one.
 */
export class DuplicateCache {
  readonly #capacity: number;
  readonly #marks: Buffer;
  /** The youngest entry of each chain. */
  readonly #chains: Float64Array;
  /** For each entry: the next older one of its chain; when it came, monotonic; its answer. */
  readonly #older: Float64Array;
  readonly #since: Float64Array;
  readonly #replyAt: Float64Array;
  readonly #replyOctets: Uint16Array;
  readonly #replies: Buffer;
  /** How many octets of answers have been written so far; what lies further back than there is room for is gone. */
  #written = 0;
  #oldest: Ticket = 0;
  #next: Ticket = 0;

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
    this.#marks = Buffer.alloc(capacity * MARK_OCTETS);
    this.#chains = new Float64Array(capacity).fill(NONE);
    this.#older = new Float64Array(capacity);
    this.#since = new Float64Array(capacity);
    this.#replyAt = new Float64Array(capacity);
    this.#replyOctets = new Uint16Array(capacity);
    this.#replies = Buffer.alloc(capacity * USUAL_REPLY_OCTETS + MAX_PACKET_OCTETS);
  }

  /** @param now  monotonic milliseconds */
  admit(
    peer: Peer,
    packet: Packet,
    now: Millis,
  ): { readonly known: true; readonly reply?: Buffer } | { readonly known: false; readonly ticket: Ticket } {
    this.#dropOld(now);
    const ticket = this.#next;
    const place = this.#place(ticket);
    const mark = place * MARK_OCTETS;
    const end = this.#writeMark(mark, peer, packet);
    const chain = this.#marks.readUInt32LE(mark + AT.authenticator) % this.#capacity;
    const youngest = this.#chains[chain] ?? NONE;
    for (let before = youngest; before >= this.#oldest; before = this.#older[this.#place(before)] ?? NONE) {
      if (!this.#isSame(mark, end, before)) continue;
      const reply = this.#replyTo(before);
      return reply === undefined ? { known: true } : { known: true, reply };
    }
    this.#next += 1;
    this.#older[place] = youngest;
    this.#chains[chain] = ticket;
    this.#since[place] = now;
    this.#replyAt[place] = BEING_MADE;
    return { known: false, ticket };
  }

  /** Keeps the answer for a repetition. */
  answered(ticket: Ticket, reply: Buffer): void {
    if (ticket < this.#oldest) return;
    const place = this.#place(ticket);
    const room = this.#replies.length - (this.#written % this.#replies.length);
    if (room < reply.length) this.#written += room;
    this.#replyAt[place] = this.#written;
    this.#replyOctets[place] = reply.length;
    reply.copy(this.#replies, this.#written % this.#replies.length);
    this.#written += reply.length;
  }

  /** There is no answer; a repetition is handled like a new request. */
  forget(ticket: Ticket): void {
    if (ticket >= this.#oldest) this.#replyAt[this.#place(ticket)] = FORGOTTEN;
  }

  /** Entries that are kept, forgotten ones among them. */
  get size(): number {
    return this.#next - this.#oldest;
  }

  #place(ticket: Ticket): number {
    return ticket % this.#capacity;
  }

  /**
   * What tells one request from all others. Without a signature that is a digest of the whole; an Accounting-Request's
   * authenticator is one already [RFC 2866 3].
   * @returns where the mark ends
   */
  #writeMark(mark: number, { address, port }: Peer, { code, octets, messageAuthenticatorAt: at }: Packet): number {
    // Loops: for so few octets they are done before a call to copy them has begun.
    for (let i = 0; i < HEADER_OCTETS; i++) this.#marks[mark + i] = octets[i] ?? 0;
    const isDigested = at === undefined && code !== CODE.accountingRequest;
    const signature = isDigested ? md5(octets) : octets;
    const begin = isDigested ? 0 : (at ?? AT.authenticator);
    for (let i = 0; i < SIGNATURE_OCTETS; i++) this.#marks[mark + AT.signature + i] = signature[begin + i] ?? 0;
    this.#marks.writeUInt16LE(port, mark + AT.port);
    const length = Math.min(address.length, MAX_ADDRESS_OCTETS);
    this.#marks[mark + AT.addressLength] = length;
    for (let i = 0; i < length; i++) this.#marks[mark + AT.address + i] = address.charCodeAt(i);
    return mark + AT.address + length;
  }

  #isSame(mark: number, end: number, ticket: Ticket): boolean {
    const place = this.#place(ticket);
    if (this.#replyAt[place] === FORGOTTEN || this.#isOverwritten(place)) return false;
    for (let at = mark, other = place * MARK_OCTETS; at < end; at++, other++) {
      if (this.#marks[at] !== this.#marks[other]) return false;
    }
    return true;
  }

  #isOverwritten(place: number): boolean {
    const at = this.#replyAt[place] ?? FORGOTTEN;
    return at >= 0 && this.#written - at > this.#replies.length;
  }

  /** A copy: its place is used anew soon. */
  #replyTo(ticket: Ticket): Buffer | undefined {
    const place = this.#place(ticket);
    const at = this.#replyAt[place] ?? BEING_MADE;
    if (at === BEING_MADE) return undefined;
    const begin = at % this.#replies.length;
    return Buffer.from(this.#replies.subarray(begin, begin + (this.#replyOctets[place] ?? 0)));
  }

  #dropOld(now: Millis): void {
    for (; this.#oldest < this.#next; this.#oldest++) {
      const isFull = this.size === this.#capacity;
      if (!isFull && now - (this.#since[this.#place(this.#oldest)] ?? 0) < LIFETIME_MS) return;
    }
  }
}
