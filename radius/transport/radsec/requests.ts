import { type Millis, SECOND } from '../../../core/time';
import type { Cancel, Clock } from '../../../runtime/clock';
import { type Packet, parsePacket } from '../../wire/packet';

/** How long a gateway may take for an answer. Nothing is sent again: the transport loses nothing [RFC 6613 2.6.1]. */
const PATIENCE_MS: Millis = 6 * SECOND;
/** The identifier is one octet. */
const IDENTIFIERS = 256;

interface Waiting {
  readonly octets: Buffer;
  readonly isAnswer: (reply: Packet, request: Buffer) => boolean;
  readonly resolve: (reply: Packet | undefined) => void;
  readonly cancel: Cancel;
}

/** The requests that we make on one connection. Their identifiers are apart from those that the gateway uses. */
export class OwnRequests {
  readonly #waiting = new Map<number, Waiting>();
  readonly #clock: Clock;
  readonly #send: (octets: Buffer) => void;
  #lastIdentifier = 0;

  constructor(clock: Clock, send: (octets: Buffer) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** @returns the answer; undefined if none came in time, or all identifiers are in use */
  request(make: (identifier: number) => Buffer, isAnswer: Waiting['isAnswer']): Promise<Packet | undefined> {
    const identifier = this.#freeIdentifier();
    if (identifier === undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const octets = make(identifier);
      const cancel = this.#clock.after(PATIENCE_MS, () => this.#settle(identifier, undefined));
      this.#waiting.set(identifier, { octets, isAnswer, resolve, cancel });
      this.#send(octets);
    });
  }

  /** What answers nothing is passed over [RFC 6613 2.6.4]. */
  receive(octets: Buffer): void {
    const reply = parsePacket(octets);
    if (reply === undefined) return;
    const waiting = this.#waiting.get(reply.identifier);
    if (waiting?.isAnswer(reply, waiting.octets)) this.#settle(reply.identifier, reply);
  }

  /** No answer will come any more. */
  giveUp(): void {
    for (const identifier of [...this.#waiting.keys()]) this.#settle(identifier, undefined);
  }

  #settle(identifier: number, reply: Packet | undefined): void {
    const waiting = this.#waiting.get(identifier);
    this.#waiting.delete(identifier);
    waiting?.cancel();
    waiting?.resolve(reply);
  }

  /** The one that was free for longest, so that a late answer meets no other request. */
  #freeIdentifier(): number | undefined {
    for (let tries = 0; tries < IDENTIFIERS; tries++) {
      this.#lastIdentifier = (this.#lastIdentifier + 1) % IDENTIFIERS;
      if (!this.#waiting.has(this.#lastIdentifier)) return this.#lastIdentifier;
    }
    return undefined;
  }
}
