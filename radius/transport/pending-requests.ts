import type { Millis } from '../../core/time';
import type { Cancel, Clock } from '../../runtime/clock';
import { type Packet, parsePacket } from '../wire/packet';

/** The identifier is one octet [RFC 2865 3]. */
const IDENTIFIERS = 256;

/** Writes the sealed request, with the identifier that it is given. */
export type MakeRequest = (identifier: number) => Buffer;

/** Whether a packet with that identifier is proven to answer these octets; one that is not is passed over. */
export type IsAnswer = (reply: Packet, request: Buffer) => boolean;

interface Pending {
  readonly request: Buffer;
  readonly isAnswer: IsAnswer;
  readonly transmit: (request: Buffer) => void;
  readonly resolve: (reply: Packet | undefined) => void;
  cancel: Cancel;
}

/** The requests that we make on one socket or connection: gives identifiers out, sends again, and finds what an answer answers. */
export class PendingRequests {
  readonly #pending = new Map<number, Pending>();
  readonly #clock: Clock;
  readonly #patience: readonly Millis[];
  #lastIdentifier = 0;

  /** @param patience  how long each transmission waits for its answer; the same octets go out each time [RFC 5080 2.2.1] */
  constructor(clock: Clock, patience: readonly Millis[]) {
    this.#clock = clock;
    this.#patience = patience;
  }

  /** @returns the answer; undefined if none came in time, or all identifiers are in use */
  request(make: MakeRequest, isAnswer: IsAnswer, transmit: Pending['transmit']): Promise<Packet | undefined> {
    const identifier = this.#freeIdentifier();
    if (identifier === undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const pending = { request: make(identifier), isAnswer, transmit, resolve, cancel: () => {} };
      this.#pending.set(identifier, pending);
      this.#transmit(identifier, pending, 0);
    });
  }

  /** Takes a packet from outside. What answers nothing is passed over: a late answer, or a forged one. */
  receive(octets: Buffer): void {
    const reply = parsePacket(octets);
    if (reply === undefined) return;
    const pending = this.#pending.get(reply.identifier);
    if (pending?.isAnswer(reply, pending.request)) this.#settle(reply.identifier, reply);
  }

  /** No answer will come any more. */
  giveUp(): void {
    for (const identifier of [...this.#pending.keys()]) this.#settle(identifier, undefined);
  }

  #transmit(identifier: number, pending: Pending, times: number): void {
    const patience = this.#patience[times];
    if (patience === undefined) {
      this.#settle(identifier, undefined);
      return;
    }
    pending.cancel = this.#clock.after(patience, () => this.#transmit(identifier, pending, times + 1));
    pending.transmit(pending.request);
  }

  #settle(identifier: number, reply: Packet | undefined): void {
    const pending = this.#pending.get(identifier);
    this.#pending.delete(identifier);
    pending?.cancel();
    pending?.resolve(reply);
  }

  /** The one that was free for longest, so that a late answer meets no other request. */
  #freeIdentifier(): number | undefined {
    for (let tries = 0; tries < IDENTIFIERS; tries++) {
      this.#lastIdentifier = (this.#lastIdentifier + 1) % IDENTIFIERS;
      if (!this.#pending.has(this.#lastIdentifier)) return this.#lastIdentifier;
    }
    return undefined;
  }
}
