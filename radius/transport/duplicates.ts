import { type Millis, SECOND } from '../../core/time';
import { HEADER_OCTETS, type Packet } from '../wire/packet';
import type { Peer } from './udp';

/** hostapd sends a request for the last time 21 s after the first; what comes later is answered anew. */
const LIFETIME_MS = 30 * SECOND;
const DEFAULT_CAPACITY = 65_536;
/** Of a Message-Authenticator [RFC 3579 3.2]. */
const SIGNATURE_OCTETS = 16;

/** A request whose answer is being made: the how manyth it is. */
export type Ticket = number;

/**
 * Recognises a request that comes again: same source address and port, same code, identifier and authenticator, and the
 * same signature if it has one, so that a gateway that uses authenticators twice gets no answer to another request. The
 * answer is the same octets again [RFC 5080 2.2.2]; while the first is still being answered there is none. Only verified
 * requests may be shown to it, otherwise strangers fill it. Its memory is bounded: the oldest entry goes first.
 *
 * Entries lie in columns that are used round and round, because the garbage collector would have to move so many objects.
 */
export class DuplicateCache {
  readonly #capacity: number;
  /** The last request with this mark. */
  readonly #byMark = new Map<string, Ticket>();
  readonly #marks: (string | undefined)[] = [];
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
    const mark = markOf(packet);
    const before = this.#byMark.get(mark);
    if (before !== undefined && this.#isFrom(peer, before)) {
      const reply = this.#replies[this.#place(before)];
      return reply === undefined ? { known: true } : { known: true, reply };
    }
    const ticket = this.#next++;
    const place = this.#place(ticket);
    this.#byMark.set(mark, ticket);
    this.#marks[place] = mark;
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
    const mark = this.#marks[place];
    if (mark !== undefined && this.#byMark.get(mark) === ticket) this.#byMark.delete(mark);
    this.#marks[place] = undefined;
    this.#replies[place] = undefined;
  }

  get size(): number {
    return this.#byMark.size;
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

/** What tells one request of a gateway from all others: the head, with its authenticator, and the signature. */
function markOf({ octets, messageAuthenticatorAt: at }: Packet): string {
  const head = octets.toString('latin1', 0, HEADER_OCTETS);
  return at === undefined ? head : head + octets.toString('latin1', at, at + SIGNATURE_OCTETS);
}
