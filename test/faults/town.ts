import type { UamGateway } from '../../config/schema';
import { configOf, type Product, type ProductPorts, TEST_RADIUS_SECRET } from '../support/product';
import { LoadGateway } from './load-gateway';

/** Gateways that ask again at once and for long: the drill sees when the server answers again. */
export const IMPATIENT: readonly number[] = Array.from({ length: 40 }, () => 250);

export interface FaultSite {
  readonly id: string;
  readonly whenStoreFails: 'grace' | 'open' | 'closed';
}

/** One site for each rule; names may be chosen, so that they lie where the drill wants them. */
export function sitesOf(ids: readonly [string, string, string] = ['rathaus', 'park', 'schule']): readonly FaultSite[] {
  return ids.map((id, i) => ({ id, whenStoreFails: (['grace', 'open', 'closed'] as const)[i] ?? 'grace' }));
}

/** The configuration of a town with these sites, each with so many gateways at loopback addresses of their own. */
export function faultTown(
  { gateway: port }: ProductPorts,
  store: object,
  sites: readonly FaultSite[] = sitesOf(),
  gatewaysEach = 2,
): Record<string, unknown> {
  return {
    store,
    log: { level: 'debug' },
    sites: sites.map(({ id, whenStoreFails }) => ({ id, name: id, kind: 'library', rules: { whenStoreFails } })),
    gateways: sites.flatMap(({ id }, at) =>
      Array.from({ length: gatewaysEach }, (_, i) => ({
        id: `gw-${id}-${i}`,
        kind: 'uspot',
        site: id,
        uam: { address: '127.0.0.1', port },
        radius: {
          clients: [`127.0.${at + 1}.${i + 1}`],
          secret: TEST_RADIUS_SECRET,
          macAuthentication: true,
        },
      })),
    ),
  };
}

/** The gateways of the configuration. */
export function gatewaysOf(product: Product): readonly UamGateway[] {
  return configOf(product).gateways.filter((gateway): gateway is UamGateway => 'uam' in gateway);
}

/** The RADIUS side of each gateway. Every other one tells no time, as uspot does. */
export function openGateways(product: Product, patience = IMPATIENT): Promise<readonly LoadGateway[]> {
  const gateways = gatewaysOf(product);
  return Promise.all(gateways.map((gateway, i) => LoadGateway.open(gateway, product.ports, patience, i % 2 === 0)));
}

/** `02:00:5e:<kind>:00:07`: a device that appears in no other test. */
export function deviceOf(kind: number, number: number): string {
  const octets = [0x02, 0x00, 0x5e, kind, number >> 8, number & 0xff];
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}
