import ipaddr from 'ipaddr.js';
import { type Range, rangeOf } from '../config/networks';
import type { Config, Gateway, RadiusGateway } from '../config/schema';
import type { GatewayId, SiteId } from '../core/ids';
import type { SiteRules } from '../core/rules';
import type { ViewPoint } from './wire/accounting';
import type { Admission } from './wire/admission';

/** A gateway as the RADIUS server sees it. */
export interface Nas {
  readonly gateway: GatewayId;
  readonly kind: Gateway['kind'];
  readonly site: SiteId;
  readonly rules: SiteRules;
  readonly secret: Buffer;
  /** The same gateway as it is while it still has the secret before this one; for a change without interruption. */
  readonly former?: Nas;
  readonly requireMessageAuthenticator: boolean | 'learn';
  readonly viewPoint: ViewPoint;
  /** Whether a device may log in by its address, and the password sent with it if not the address. */
  readonly macAuthentication: boolean;
  readonly macPassword?: string;
  /** How a device that holds no grant is admitted all the same; undefined: not at all. */
  readonly strangers?: Admission;
}

/** A gateway with the rules of its site. */
export function nasOf(gateway: RadiusGateway, rules: SiteRules): Nas {
  const { radius, id, kind, site } = gateway;
  const nas: Nas = {
    gateway: id,
    kind,
    site,
    rules,
    secret: Buffer.from(radius.secret.reveal()),
    requireMessageAuthenticator: radius.requireMessageAuthenticator,
    viewPoint: kind === 'coovachilli' ? 'visitor' : 'network',
    ...macRules(gateway),
  };
  if (radius.formerSecret === undefined) return nas;
  return { ...nas, former: { ...nas, secret: Buffer.from(radius.formerSecret.reveal()) } };
}

function macRules(gateway: RadiusGateway): Pick<Nas, 'macAuthentication' | 'macPassword' | 'strangers'> {
  if (gateway.kind === 'hostapd') {
    const { unknownDevices } = gateway.radius;
    return { macAuthentication: true, ...(unknownDevices !== 'reject' && { strangers: unknownDevices }) };
  }
  const { macAuthentication, macPassword } = gateway.radius;
  return { macAuthentication, ...(macPassword !== undefined && { macPassword: macPassword.reveal() }) };
}

interface Network {
  readonly range: Range;
  readonly nas: Nas;
  readonly nasIdentifier?: string;
}

/** Sources whose networks are kept at hand; strangers may send from as many addresses as they like. */
const MAX_KNOWN_SOURCES = 4096;

/**
 * Which gateway sends from an address; of several behind one address, which by its NAS-Identifier. That is a claim until
 * the secret proves it. What else a packet says about its sender (NAS-IP-Address ...) is not asked.
 */
export class NasTable {
  readonly #networks: readonly Network[];
  readonly #known = new Map<string, readonly Network[]>();

  constructor(config: Config) {
    const rules = new Map(config.sites.map((site) => [site.id, site.rules]));
    this.#networks = config.gateways
      .flatMap((gateway) => {
        const siteRules = rules.get(gateway.site);
        if (!('radius' in gateway) || siteRules === undefined) return [];
        const nas = nasOf(gateway, siteRules);
        const { clients, nasIdentifier } = gateway.radius;
        return clients.map((client) => ({
          range: rangeOf(client),
          nas,
          ...(nasIdentifier !== undefined && { nasIdentifier }),
        }));
      })
      // The most specific first: the longest prefix, and a name before none.
      .sort((a, b) => b.range[1] - a.range[1] || Number(!a.nasIdentifier) - Number(!b.nasIdentifier));
  }

  /**
   * @param source  the address a datagram came from, IPv4 also in its IPv6-mapped form
   * @param nasIdentifier  reads the datagram's NAS-Identifier; asked only where it makes a difference
   */
  find(source: string, nasIdentifier: () => string | undefined = () => undefined): Nas | undefined {
    const networks = this.#networksOf(source);
    if (networks[0]?.nasIdentifier === undefined) return networks[0]?.nas;
    const said = nasIdentifier();
    return networks.find((network) => network.nasIdentifier === undefined || network.nasIdentifier === said)?.nas;
  }

  #networksOf(source: string): readonly Network[] {
    const known = this.#known.get(source);
    if (known !== undefined) return known;
    const address = ipaddr.process(source);
    const networks = this.#networks.filter(({ range }) => range[0].kind() === address.kind() && address.match(range));
    if (this.#known.size >= MAX_KNOWN_SOURCES) this.#known.clear();
    this.#known.set(source, networks);
    return networks;
  }
}
