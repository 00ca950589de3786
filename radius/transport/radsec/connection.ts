import type { TLSSocket } from 'node:tls';
import type { DropReason } from '../../../core/reasons';
import { HOUR, type Millis, SECOND } from '../../../core/time';
import type { Clock } from '../../../runtime/clock';
import type { Exchange } from '../../responder';
import type { Packet } from '../../wire/packet';
import { type IsAnswer, type MakeRequest, PendingRequests } from '../pending-requests';
import { OUT_OF_STEP, PacketCutter } from './framing';
import type { Proven } from './identity';

/** Requests of one connection that are answered at the same time: as many as there are identifiers. */
const MAX_IN_FLIGHT = 256;
/** How long a gateway may take for an answer. Nothing is sent again: the transport loses nothing [RFC 6613 2.6.1]. */
const PATIENCE_MS = 6 * SECOND;
/** Answers that the gateway has not taken yet; beyond that it is not read from either. */
const MAX_UNSENT_OCTETS = 65_536;
/** How long the rest of a packet, or the taking of an answer, may last. */
const STALL_MS: Millis = 30 * SECOND;
/** How long a connection may be silent. One that is kept for dynamic authorization sends Status-Server. */
const IDLE_MS: Millis = 1 * HOUR;
/** The system asks a silent peer whether it is still there. */
const KEEP_ALIVE_MS: Millis = 60 * SECOND;

/** With these the stream, or the other side, is not what it should be [RFC 6613 2.6.4]. */
const FATAL: ReadonlySet<DropReason> = new Set(['malformed', 'bad-authenticator']);

/** Disconnect-ACK and -NAK, CoA-ACK and -NAK: answers to requests of ours [RFC 5176 2.3]. */
const ANSWERS: ReadonlySet<number | undefined> = new Set([41, 42, 44, 45]);

export interface ConnectionDeps {
  readonly clock: Clock;
  /** Takes a packet that is no answer. */
  readonly serve: (octets: Buffer, connection: RadsecConnection, exchange: Exchange) => void;
}

/**
 * One TLS connection whose other side has proved who it is. Requests of both directions share it [RFC 6614 2.1]. When
 * answers do not keep up, or are not taken, reading pauses: TCP makes the gateway wait.
 */
export class RadsecConnection {
  readonly proven: Proven;
  readonly #socket: TLSSocket;
  readonly #deps: ConnectionDeps;
  readonly #cutter = new PacketCutter();
  /** Their identifiers are apart from those that the gateway uses. */
  readonly #own: PendingRequests;
  #inFlight = 0;
  #receiving = true;
  /** Monotonic, when something last came or was taken. */
  #movedAt: Millis;

  constructor(socket: TLSSocket, proven: Proven, deps: ConnectionDeps) {
    this.proven = proven;
    this.#socket = socket;
    this.#deps = deps;
    this.#movedAt = deps.clock.monotonic();
    this.#own = new PendingRequests(deps.clock, [PATIENCE_MS]);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (octets: Buffer) => {
      this.#moved();
      if (!this.#receiving) return;
      this.#cutter.put(octets);
      this.#pump();
    });
    socket.on('drain', () => {
      this.#moved();
      this.#pump();
    });
    socket.once('close', () => this.#own.giveUp());
  }

  /** Asks the gateway something; see Channel. */
  request(make: MakeRequest, isAnswer: IsAnswer): Promise<Packet | undefined> {
    if (!this.#receiving || !this.#socket.writable) return Promise.resolve(undefined);
    return this.#own.request(make, isAnswer, (octets) => this.#send(octets));
  }

  /** From now on nothing is taken, and what we asked is given up; answers can still be sent. */
  stopReceiving(): void {
    this.#receiving = false;
    this.#own.giveUp();
  }

  /** Sends what is ready, then closes. */
  end(): void {
    this.stopReceiving();
    this.#socket.destroySoon();
  }

  /** Closes at once. */
  destroy(): void {
    this.#receiving = false;
    this.#socket.destroy();
  }

  /** Has the other side been silent, or stuck amid something, for too long? */
  isDead(now: Millis): boolean {
    const stuck = this.#cutter.isAmidPacket || this.#socket.writableLength > 0;
    return now - this.#movedAt > (stuck && this.#inFlight < MAX_IN_FLIGHT ? STALL_MS : IDLE_MS);
  }

  #moved(): void {
    this.#movedAt = this.#deps.clock.monotonic();
  }

  /** Takes packets while there is room for their answers. */
  #pump(): void {
    while (this.#receiving && this.#hasRoom()) {
      const packet = this.#cutter.next();
      if (packet === undefined) break;
      if (packet === OUT_OF_STEP) {
        this.destroy();
        return;
      }
      if (ANSWERS.has(packet[0])) this.#own.receive(packet);
      else this.#serve(packet);
    }
    if (this.#hasRoom()) this.#socket.resume();
    else this.#socket.pause();
  }

  #hasRoom(): boolean {
    return this.#inFlight < MAX_IN_FLIGHT && this.#socket.writableLength < MAX_UNSENT_OCTETS;
  }

  #serve(packet: Buffer): void {
    this.#inFlight += 1;
    let pumping = true;
    const done = (): void => {
      this.#inFlight -= 1;
      // Otherwise the loop that is under way goes on by itself.
      if (!pumping) this.#pump();
    };
    this.#deps.serve(packet, this, {
      send: (reply) => {
        this.#send(reply);
        done();
      },
      dropped: (reason) => {
        if (FATAL.has(reason)) this.destroy();
        done();
      },
    });
    pumping = false;
  }

  /** Harmless after closing: an answer may come too late. */
  #send(octets: Buffer): void {
    if (this.#socket.writable) this.#socket.write(octets);
  }
}
