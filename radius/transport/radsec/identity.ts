import type { PeerCertificate } from 'node:tls';
import type { Config } from '../../../config/schema';
import type { GatewayId } from '../../../core/ids';
import { type Nas, nasOf } from '../../nas';

/** What stands in for a shared secret: TLS protects the packets [RFC 6614 2.3]. */
export const RADSEC_SECRET = Buffer.from('radsec');

/** Who a connection is, and how it proved that. */
export interface Proven {
  readonly gateway: GatewayId;
  /** The names of its certificate, or the pre-shared key that it knows. */
  readonly by: { readonly names: readonly string[] } | { readonly psk: string; readonly key: Buffer };
}

/** Which gateway has which certificate or pre-shared key. Addresses play no part [RFC 6614 2.3]. */
export class TlsIdentities {
  readonly #ofName = new Map<string, GatewayId>();
  readonly #ofPsk = new Map<string, { readonly gateway: GatewayId; readonly key: Buffer }>();

  readonly #nas = new Map<GatewayId, Nas>();

  constructor({ gateways, sites }: Config) {
    for (const gateway of gateways) {
      const rules = sites.find(({ id }) => id === gateway.site)?.rules;
      if (!('radius' in gateway) || gateway.radius.tls === undefined || rules === undefined) continue;
      this.#nas.set(gateway.id, overTls(nasOf(gateway, rules)));
      const { certificateName, psk } = gateway.radius.tls;
      if (certificateName !== undefined) this.#ofName.set(certificateName, gateway.id);
      if (psk !== undefined) {
        this.#ofPsk.set(psk.identity, { gateway: gateway.id, key: Buffer.from(psk.key.reveal(), 'hex') });
      }
    }
  }

  /** The gateways that may connect. */
  gateways(): GatewayId[] {
    return [...this.#nas.keys()];
  }

  nas(gateway: GatewayId): Nas | undefined {
    return this.#nas.get(gateway);
  }

  /** @param certificate  verified against the authority */
  byCertificate(certificate: PeerCertificate): Proven | undefined {
    const names = namesOf(certificate);
    const gateway = this.#gatewayOf(names);
    return gateway === undefined ? undefined : { gateway, by: { names } };
  }

  /** Only the handshake proves that the other side knows the key, too. */
  byPsk(identity: string): (Proven & { readonly by: { readonly key: Buffer } }) | undefined {
    const found = this.#ofPsk.get(identity);
    return found && { gateway: found.gateway, by: { psk: identity, key: found.key } };
  }

  /** Does the proof that was given once still hold, after the configuration has changed? */
  holds({ gateway, by }: Proven): boolean {
    if ('names' in by) return this.#gatewayOf(by.names) === gateway;
    const found = this.#ofPsk.get(by.psk);
    return found !== undefined && found.gateway === gateway && found.key.equals(by.key);
  }

  #gatewayOf(names: readonly string[]): GatewayId | undefined {
    return names.map((name) => this.#ofName.get(name)).find((gateway) => gateway !== undefined);
  }
}

/** TLS has proved who it is, so a signature adds nothing; one that is there must be right all the same. */
function overTls({ former: _former, ...nas }: Nas): Nas {
  return { ...nas, secret: RADSEC_SECRET, requireMessageAuthenticator: false };
}

/**
 * subjectAltName of the forms DNS and URI, then the common name [RFC 6614 2.3]. Node.js writes a comma within a name as
 * \u002c, so that no name can pretend to be two.
 */
function namesOf({ subject, subjectaltname = '' }: PeerCertificate): string[] {
  const alternative = subjectaltname.split(', ').flatMap((entry) => /^(?:DNS|URI):(.+)$/.exec(entry)?.[1] ?? []);
  // A subject may have several; Node.js gives them as a list then, which its types do not tell.
  const common: unknown = subject?.CN;
  return [...alternative, ...[common].flat().filter((name) => typeof name === 'string')];
}
