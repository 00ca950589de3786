import { type Millis, SECOND } from '../../core/time';
import type { Packet } from '../wire/packet';
import type { Peer } from './udp';

/** hostapd sends a request for the last time 21 s after the first; what comes later is answered anew. */
const LIFETIME_MS = 30 * SECOND;
const DEFAULT_CAPACITY = 65_536;

interface Entry {
  readonly authenticator: Buffer;
  readonly since: Millis;
  /** Undefined while the answer is being made. */
  reply?: Buffer;
}

/** A request whose answer is being made. */
export type Ticket = { readonly key: string; readonly entry: Entry };

/**
 * Recognises a request that comes again: same source address and port, same identifier, same authenticator. Its answer
 * is the same octets again [RFC 5080 2.2.2]; while the first is still being answered there is none. Only verified
 * requests may be shown to it, otherwise strangers fill it. Its memory is bounded: the oldest entry goes first.
 */
export class DuplicateCache {
  readonly #entries = new Map<string, Entry>();
  readonly #capacity: number;

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
    const key = `${packet.identifier} ${peer.port} ${peer.address}`;
    const before = this.#entries.get(key);
    if (before?.authenticator.equals(packet.authenticator)) {
      return before.reply === undefined ? { known: true } : { known: true, reply: before.reply };
    }
    // The gateway uses the identifier for a new request, so it no longer waits for the former answer.
    this.#entries.delete(key);
    const entry: Entry = { authenticator: Buffer.from(packet.authenticator), since: now };
    this.#entries.set(key, entry);
    return { known: false, ticket: { key, entry } };
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

  /** Entries lie in the order of their age. */
  #dropOld(now: Millis): void {
    for (const [key, { since }] of this.#entries) {
      if (this.#entries.size < this.#capacity && now - since < LIFETIME_MS) return;
      this.#entries.delete(key);
    }
  }
}
