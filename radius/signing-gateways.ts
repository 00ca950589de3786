import type { GatewayId } from '../core/ids';
import type { BurstLog } from './burst-log';
import type { Nas } from './nas';

/**
 * Which gateways must sign their Access-Requests. One of those to be learned may send them unsigned until its first
 * signed one: a gateway that can sign does so always, and what comes without afterwards is not from it. Not kept over a
 * restart, because a gateway may have got an older software meanwhile; whoever wants it kept writes `true`.
 */
export class SigningGateways {
  readonly #learned = new Set<GatewayId>();
  readonly #log: BurstLog;

  constructor(log: BurstLog) {
    this.#log = log;
  }

  mustSign({ gateway, requireMessageAuthenticator: required }: Nas): boolean {
    return required === 'learn' ? this.#learned.has(gateway) : required;
  }

  /** A signed Access-Request of this gateway has been verified. */
  saw({ gateway, site, requireMessageAuthenticator }: Nas): void {
    if (requireMessageAuthenticator !== 'learn' || this.#learned.has(gateway)) return;
    this.#learned.add(gateway);
    this.#log.write('info', 'radius-gateway-signs', { nas: gateway, site, reason: 'learned' });
  }
}
