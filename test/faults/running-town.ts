import type { UamGateway } from '../../config/schema';
import { type Place, type Product, prepareProduct } from '../support/product';
import { type Acceptance, accept } from '../support/visitor';
import type { LoadGateway } from './load-gateway';
import { deviceOf, faultTown, gatewaysOf, openGateways } from './town';

/** The town of three sites with its gateways, running. */
export interface RunningTown {
  readonly product: Product;
  readonly gateways: readonly LoadGateway[];
  /** The first gateway of a site. */
  at(site: string): LoadGateway;
  /** A device that nobody has seen before. */
  newDevice(): string;
  /** A visitor at a site who reads the terms and accepts them. */
  walkIn(site: string, device?: string): Promise<Acceptance>;
  remove(): Promise<void>;
}

let towns = 0;

/**
 * @param store  the key `store` of the configuration
 * @param more  other keys; it is given the key `portal` as it is otherwise
 * @param place  where it runs, if not as it is on this machine
 */
export async function startTown(
  store: object,
  more: (portal: object) => Readonly<Record<string, unknown>> = () => ({}),
  place?: Place,
): Promise<RunningTown> {
  const product = await prepareProduct((ports) => {
    const portal = { url: `http://127.0.0.1:${ports.portal}`, listen: { host: '127.0.0.1', port: ports.portal } };
    return { ...faultTown(ports, store), ...more(portal) };
  }, place);
  await product.start();
  const gateways = await openGateways(product);
  const kind = 0x80 + (++towns % 0x40);
  let devices = 0;
  const newDevice = () => deviceOf(kind, ++devices);
  const uams = gatewaysOf(product);
  const uamAt = (site: string): UamGateway => found(uams, site);
  return {
    product,
    gateways,
    newDevice,
    at: (site) => found(gateways, site),
    async walkIn(site, device = newDevice()) {
      const answer = await accept(product.portalUrl, uamAt(site), device);
      if (answer === undefined) throw new Error(`no terms at ${site}`);
      return answer;
    },
    async remove() {
      for (const gateway of gateways) gateway.close();
      await product.remove();
    },
  };
}

function found<One extends { readonly site: string }>(all: readonly One[], site: string): One {
  const one = all.find((gateway) => gateway.site === site);
  if (one === undefined) throw new Error(`no gateway at ${site}`);
  return one;
}
