import type { DropReason } from '../core/reasons';
import { SECOND } from '../core/time';
import type { Clock } from '../runtime/clock';
import { type Soon, whenThere } from '../runtime/soon';
import type { BurstLog } from './burst-log';
import type { Handler, Outcome, Request } from './handlers/handler';
import type { RadiusMetrics, RequestKind } from './metrics';
import type { Nas } from './nas';
import { SigningGateways } from './signing-gateways';
import { DuplicateCache, type Ticket } from './transport/duplicates';
import type { Peer } from './transport/udp';
import { CODE, type Packet, parsePacket } from './wire/packet';
import { sealReply, verifyRequest } from './wire/seal';
import { WorkQueue } from './work-queue';

interface Served {
  readonly kind: RequestKind;
  readonly handle: Handler;
}

interface Verified extends Served {
  readonly packet: Packet;
  /** The gateway with the secret that verified the packet. */
  readonly nas: Nas;
}

/** What a listener answers, by packet code. Packets of the `elsewhere` code belong to our other port, if there is one. */
export interface Service {
  readonly handlers: ReadonlyMap<number, Served>;
  readonly elsewhere?: number;
}

/** What becomes of one datagram, told to the transport that brought it. */
export interface Exchange {
  send(reply: Buffer): void;
  /** There will be no answer. */
  dropped?(reason: DropReason): void;
}

export interface ResponderDeps {
  readonly metrics: RadiusMetrics;
  readonly log: BurstLog;
  readonly clock: Clock;
}

/**
 * The way of a datagram: well-formed? for this port? verified? seen before? then handled, sealed and sent. It knows
 * neither sockets nor how the sender was identified, so that UDP and RadSec share it.
 */
export class Responder {
  readonly #service: Service;
  readonly #deps: ResponderDeps;
  readonly #duplicates = new DuplicateCache();
  readonly #queue = new WorkQueue();
  readonly #signing: SigningGateways;

  constructor(service: Service, deps: ResponderDeps) {
    this.#service = service;
    this.#deps = deps;
    this.#signing = new SigningGateways(deps.log);
  }

  /**
   * Takes a datagram and, unless there is a reason not to, answers it: one of the two calls of `exchange` follows, once.
   * @param nas  who sent it; undefined if no configured gateway did
   */
  receive(datagram: Buffer, nas: Nas | undefined, peer: Peer, exchange: Exchange): void {
    if (nas === undefined) {
      this.#drop('unknown-nas', exchange);
      return;
    }
    const examined = this.#examine(datagram, nas);
    if (typeof examined === 'string') this.#drop(examined, exchange, nas);
    else this.#serve(examined, peer, exchange);
  }

  /** Resolves when everything under way has been answered or given up. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** Nothing in the packet is believed before this has passed it. */
  #examine(datagram: Buffer, nas: Nas): Verified | DropReason {
    const packet = parsePacket(datagram);
    if (packet === undefined) return 'malformed';
    const served = this.#service.handlers.get(packet.code);
    if (served === undefined) return packet.code === this.#service.elsewhere ? 'wrong-port' : 'unsupported-code';
    const why = this.#verify(packet, nas);
    const { kind, handle } = served;
    if (why === undefined) return { packet, nas, kind, handle };
    if (why !== 'bad-authenticator' || nas.former === undefined || this.#verify(packet, nas.former)) return why;
    this.#deps.metrics.formerSecretUsed(nas.gateway);
    this.#deps.log.write('warn', 'radius-former-secret', { nas: nas.gateway, reason: 'former-secret' });
    return { packet, nas: nas.former, kind, handle };
  }

  #verify(packet: Packet, nas: Nas): DropReason | undefined {
    const why = verifyRequest(packet, nas.secret, this.#signing.mustSign(nas));
    if (why === undefined && packet.code === CODE.accessRequest && packet.messageAuthenticatorAt !== undefined) {
      this.#signing.saw(nas);
    }
    return why;
  }

  #serve({ packet, nas, kind, handle }: Verified, peer: Peer, exchange: Exchange): void {
    const { clock, metrics } = this.#deps;
    const arrivedAt = clock.monotonic();
    metrics.request(kind);
    const seen = this.#duplicates.admit(peer, packet, arrivedAt);
    if (seen.known) {
      if (seen.reply === undefined) this.#drop('duplicate-in-progress', exchange, nas);
      else {
        metrics.repeated(kind);
        exchange.send(seen.reply);
      }
      return;
    }
    const request = { packet, nas, receivedAt: clock.now() };
    this.#queue.add({
      run: () =>
        whenThere(this.#outcome(handle, request), (outcome) => {
          this.#answer(request, outcome, seen.ticket, exchange);
          metrics.took(kind, (clock.monotonic() - arrivedAt) / SECOND);
        }),
      giveUp: () => {
        this.#duplicates.forget(seen.ticket);
        this.#drop('overloaded', exchange, nas);
      },
    });
  }

  #answer({ packet, nas }: Request, outcome: Outcome, ticket: Ticket, exchange: Exchange): void {
    const reply = 'dropped' in outcome ? undefined : seal(packet, outcome, nas);
    if ('dropped' in outcome || reply === undefined) {
      this.#duplicates.forget(ticket);
      this.#drop('dropped' in outcome ? outcome.dropped : 'malformed', exchange, nas);
      return;
    }
    this.#duplicates.answered(ticket, reply);
    exchange.send(reply);
    this.#deps.metrics.replied(outcome.code);
    if (outcome.rejected !== undefined) {
      this.#deps.metrics.rejected(outcome.rejected);
      this.#deps.log.write('info', 'radius-rejected', { nas: nas.gateway, site: nas.site, reason: outcome.rejected });
    }
  }

  #outcome(handle: Handler, request: Request): Soon<Outcome> {
    try {
      const outcome = handle(request);
      return outcome instanceof Promise ? outcome.catch((err) => this.#storeFailed(request, err)) : outcome;
    } catch (err) {
      return this.#storeFailed(request, err);
    }
  }

  #storeFailed({ nas }: Request, err: unknown): Outcome {
    this.#deps.log.write('error', 'radius-store-failed', { nas: nas.gateway, reason: 'store-failed', err });
    return { dropped: 'store-failed' };
  }

  #drop(reason: DropReason, exchange: Exchange, nas?: Nas): void {
    exchange.dropped?.(reason);
    this.#deps.metrics.dropped(reason);
    if (reason === 'duplicate-in-progress' || reason === 'store-failed') return;
    this.#deps.log.write('warn', 'radius-dropped', { ...(nas && { nas: nas.gateway, site: nas.site }), reason });
  }
}

/**
 * Everything is signed but the answer to accounting: there a signature is not foreseen, and radclient refuses it.
 * @returns undefined if the request's Proxy-State leave no room for the answer
 */
function seal(packet: Packet, outcome: Extract<Outcome, { code: number }>, nas: Nas): Buffer | undefined {
  const sign = packet.code !== CODE.accountingRequest;
  try {
    return sealReply(packet, outcome.code, outcome.attributes, { secret: nas.secret, sign });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
