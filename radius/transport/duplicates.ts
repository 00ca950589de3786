import { type Millis, SECOND } from '../../core/time';
import { Ring } from '../ring';
import type { Packet } from '../wire/packet';
import type { Peer } from './udp';

/** hostapd sends a request for the last time 21 s after the first; what comes later is answered anew. */
const LIFETIME_MS = 30 * SECOND;
const DEFAULT_CAPACITY = 65_536;

interface Entry {
  readonly code: number;
  readonly authenticator: Buffer;
  readonly since: Millis;
  /** Undefined while the answer is being made. */
  reply?: Buffer;
}

/** A request whose answer is being made. */
export type Ticket = { readonly key: string; readonly entry: Entry };

/**
 * Recognises a request that comes again: same source address and port, same code, identifier and authenticator. Its
 * answer is the same octets again [RFC 5080 2.2.2]; while the first is still being answered there is none. Only verified
 * requests may be shown to it, otherwise strangers fill it. Its memory is bounded: the oldest entry goes first.
 */
export class DuplicateCache {
  readonly #entries = new Map<string, Entry>();
  /** All of them in the order of their age. */
  readonly #line: Ring<Ticket>;

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#line = new Ring(capacity);
  }

  /** @param now  monotonic milliseconds */
  admit(
    peer: Peer,
    packet: Packet,
    now: Millis,
  ): { readonly known: true; readonly reply?: Buffer } | { readonly known: false; readonly ticket: Ticket } {
    this.#dropOld(now);
    const key = `${packet.identifier} ${peer.port} ${peer.address}`;
    const before = this.#entries.get(key);
    if (before?.code === packet.code && before.authenticator.equals(packet.authenticator)) {
      return before.reply === undefined ? { known: true } : { known: true, reply: before.reply };
    }
    // In place of a former request: the gateway uses its identifier anew, so it no longer waits for that answer.
    const entry: Entry = { code: packet.code, authenticator: Buffer.from(packet.authenticator), since: now };
    const ticket = { key, entry };
    this.#entries.set(key, entry);
    this.#line.push(ticket);
    return { known: false, ticket };
  }

  /** Keeps the answer for a repetition. */
  answered({ entry }: Ticket, reply: Buffer): void {
    entry.reply = reply;
  }

  /** There is no answer; a repetition is handled like a new request. */
  forget({ key, entry }: Ticket): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  #dropOld(now: Millis): void {
    for (let ticket = this.#line.oldest; ticket !== undefined; ticket = this.#line.oldest) {
      if (!this.#line.isFull && now - ticket.entry.since < LIFETIME_MS) return;
      this.forget(ticket);
      this.#line.shift();
    }
  }
}
