import type { Config, RadiusGateway } from '../../config/schema';
import type { Acceptance } from '../../core/decide';
import type { GatewayId } from '../../core/ids';
import type { OrderResult } from '../../core/reasons';
import type { EndOrder } from '../../core/session-end';
import type { Clock } from '../../runtime/clock';
import { derived, type Live } from '../../runtime/live';
import type { RadiusMetrics } from '../metrics';
import {
  type Draft,
  isReplyTo,
  readAnswer,
  sealRequest,
  writeDisconnect,
  writeLimits,
} from '../wire/dynamic-authorization';
import type { Channel } from './channel';

/** Tells gateways to end sessions, or to change their limits (RFC 5176). */
export class DynamicAuthorizationClient {
  readonly #channels: readonly Channel[];
  readonly #clock: Clock;
  readonly #metrics: RadiusMetrics;
  readonly #kinds: () => ReadonlyMap<GatewayId, RadiusGateway['kind']>;

  /**
   * @param channels  the ways to gateways, tried in this order until one brings an answer: uspot asks by RadSec, but takes
   *   orders by UDP only
   */
  constructor(channels: readonly Channel[], config: Live<Config>, clock: Clock, metrics: RadiusMetrics) {
    this.#channels = channels;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#kinds = derived(config, kindsOf);
  }

  /** Tells the gateway of the session to end it, and resolves when it has answered or is given up. Never rejects. */
  async disconnect(order: EndOrder): Promise<OrderResult> {
    const kind = this.#kinds().get(order.gateway);
    const draft = kind === undefined ? 'unreachable' : writeDisconnect(kind, order, this.#clock.now());
    const result = typeof draft === 'string' ? draft : await this.#exchange(order.gateway, draft);
    this.#metrics.ordered('disconnect', result);
    return result;
  }

  /**
   * Tells the gateway of the session its limits, and resolves like `disconnect`.
   * @param limits  counted from the beginning of the session
   */
  async changeLimits(order: EndOrder, limits: Acceptance): Promise<OrderResult> {
    const kind = this.#kinds().get(order.gateway);
    const draft = kind === undefined ? 'unreachable' : writeLimits(kind, order, limits, this.#clock.now());
    const result = typeof draft === 'string' ? draft : await this.#exchange(order.gateway, draft);
    this.#metrics.ordered('limits', result);
    return result;
  }

  async #exchange(gateway: GatewayId, draft: Draft): Promise<OrderResult> {
    let result: OrderResult = 'unreachable';
    for (const channel of this.#channels) {
      const secret = channel.secretOf(gateway);
      if (secret === undefined) continue;
      const reply = await channel.request(
        gateway,
        (identifier) => sealRequest(draft, identifier, secret),
        (packet, request) => isReplyTo(packet, request, secret),
      );
      if (reply !== undefined) return readAnswer(reply, draft.code);
      result = 'no-answer';
    }
    return result;
  }
}

function kindsOf({ gateways }: Config): ReadonlyMap<GatewayId, RadiusGateway['kind']> {
  return new Map(gateways.flatMap((gateway) => ('radius' in gateway ? [[gateway.id, gateway.kind]] : [])));
}
