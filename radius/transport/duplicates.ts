import { type Millis, SECOND } from '../../core/time';
import { HEADER_OCTETS, type Packet } from '../wire/packet';
import type { Peer } from './udp';

/** hostapd sends a request for the last time 21 s after the first; what comes later is answered anew. */
const LIFETIME_MS = 30 * SECOND;
const DEFAULT_CAPACITY = 65_536;

/** A request whose answer is being made: the how manyth it is. */
export type Ticket = number;

/**
 * Recognises a request that comes again: same source address and port, same code, identifier and authenticator. Its
 * answer is the same octets again [RFC 5080 2.2.2]; while the first is still being answered there is none. Only verified
 * requests may be shown to it, otherwise strangers fill it. Its memory is bounded: the oldest entry goes first.
 *
 * Entries lie in columns that are used round and round, because the garbage collector would have to move so many objects.
 */
export class DuplicateCache {
  readonly #capacity: number;
  /** The last request with this head. The authenticator in it makes it nearly always the only one. */
  readonly #byHead = new Map<string, Ticket>();
  readonly #heads: (string | undefined)[] = [];
  readonly #addresses: string[] = [];
  readonly #ports: number[] = [];
  /** Monotonic. */
  readonly #since: Millis[] = [];
  /** Undefined while the answer is being made. */
  readonly #replies: (Buffer | undefined)[] = [];
  #oldest: Ticket = 0;
  #next: Ticket = 0;

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  /** @param now  monotonic milliseconds */
  admit(
    peer: Peer,
    packet: Packet,
    now: Millis,
  ): { readonly known: true; readonly reply?: Buffer } | { readonly known: false; readonly ticket: Ticket } {
    this.#dropOld(now);
    const head = packet.octets.toString('latin1', 0, HEADER_OCTETS);
    const before = this.#byHead.get(head);
    if (before !== undefined && this.#isFrom(peer, before)) {
      const reply = this.#replies[this.#place(before)];
      return reply === undefined ? { known: true } : { known: true, reply };
    }
    const ticket = this.#next++;
    const place = this.#place(ticket);
    this.#byHead.set(head, ticket);
    this.#heads[place] = head;
    this.#addresses[place] = peer.address;
    this.#ports[place] = peer.port;
    this.#since[place] = now;
    return { known: false, ticket };
  }

  /** Keeps the answer for a repetition. */
  answered(ticket: Ticket, reply: Buffer): void {
    if (ticket >= this.#oldest) this.#replies[this.#place(ticket)] = reply;
  }

  /** There is no answer; a repetition is handled like a new request. */
  forget(ticket: Ticket): void {
    if (ticket < this.#oldest) return;
    const place = this.#place(ticket);
    const head = this.#heads[place];
    if (head !== undefined && this.#byHead.get(head) === ticket) this.#byHead.delete(head);
    this.#heads[place] = undefined;
    this.#replies[place] = undefined;
  }

  get size(): number {
    return this.#byHead.size;
  }

  #place(ticket: Ticket): number {
    return ticket % this.#capacity;
  }

  #isFrom({ address, port }: Peer, ticket: Ticket): boolean {
    const place = this.#place(ticket);
    return this.#ports[place] === port && this.#addresses[place] === address;
  }

  #dropOld(now: Millis): void {
    for (; this.#oldest < this.#next; this.#oldest++) {
      const isFull = this.#next - this.#oldest === this.#capacity;
      if (!isFull && now - (this.#since[this.#place(this.#oldest)] ?? 0) < LIFETIME_MS) return;
      this.forget(this.#oldest);
    }
  }
}
