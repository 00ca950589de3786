import ipaddr from 'ipaddr.js';
import type { Config } from '../config/schema';
import type { GatewayId, SiteId } from '../core/ids';
import type { SiteRules } from '../core/rules';
import type { ViewPoint } from './wire/accounting';

/** A gateway as the RADIUS server sees it. */
export interface Nas {
  readonly gateway: GatewayId;
  readonly site: SiteId;
  readonly rules: SiteRules;
  readonly secret: Buffer;
  readonly requireMessageAuthenticator: boolean;
  readonly viewPoint: ViewPoint;
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

interface Network {
  readonly address: Address;
  readonly prefix: number;
  readonly nas: Nas;
}

/** Which gateway sends from an address. What a packet says about its sender (NAS-IP-Address ...) is not asked. */
export class NasTable {
  readonly #networks: readonly Network[];

  constructor(config: Config) {
    const rules = new Map(config.sites.map((site) => [site.id, site.rules]));
    this.#networks = config.gateways
      .flatMap((gateway) => {
        const siteRules = rules.get(gateway.site);
        if (gateway.kind === 'opennds' || siteRules === undefined) return [];
        const nas: Nas = {
          gateway: gateway.id,
          site: gateway.site,
          rules: siteRules,
          secret: Buffer.from(gateway.radius.secret.reveal()),
          requireMessageAuthenticator: gateway.radius.requireMessageAuthenticator,
          viewPoint: gateway.kind === 'coovachilli' ? 'visitor' : 'network',
        };
        return gateway.radius.clients.map((client) => ({ ...parseNetwork(client), nas }));
      })
      // The longest prefix first: the most specific entry wins.
      .sort((a, b) => b.prefix - a.prefix);
  }

  /** @param source  the address a datagram came from, IPv4 also in its IPv6-mapped form */
  find(source: string): Nas | undefined {
    const address = ipaddr.process(source);
    return this.#networks.find(
      (network) => network.address.kind() === address.kind() && address.match(network.address, network.prefix),
    )?.nas;
  }
}

function parseNetwork(text: string): { address: Address; prefix: number } {
  if (!text.includes('/')) {
    const address = ipaddr.process(text);
    return { address, prefix: address.kind() === 'ipv4' ? 32 : 128 };
  }
  const [address, prefix] = ipaddr.parseCIDR(text);
  const mapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && prefix >= 96;
  return mapped ? { address: address.toIPv4Address(), prefix: prefix - 96 } : { address, prefix };
}
