import type { AccessPoint, Config, Gateway } from '../../config/schema';
import type { GatewayId, SiteId } from '../../core/ids';
import { accessPointFinder } from './access-points';
import type { GatewayAdapter, GatewayServices } from './gateway';
import { mikrotikAdapter } from './mikrotik';
import { openndsAdapter } from './opennds';
import { uamAdapter } from './uam';
import { unifiAdapter } from './unifi';

/** A gateway that shows our pages; hostapd only asks RADIUS. */
export type PortalGateway = Exclude<Gateway, { kind: 'hostapd' }>;

/**
 * The adapter of a gateway that sends visitors here. A new kind gets a file of its own and a line here.
 * @param accessPoints  those of the gateway's site
 */
export function adapterOf(
  gateway: PortalGateway,
  services: GatewayServices,
  accessPoints: readonly AccessPoint[] = [],
): GatewayAdapter {
  const find = accessPointFinder(accessPoints);
  switch (gateway.kind) {
    case 'uspot':
    case 'coovachilli':
      return uamAdapter(gateway, find);
    case 'opennds':
      return openndsAdapter(gateway, find, services);
    case 'mikrotik':
      return mikrotikAdapter(gateway, find);
    case 'unifi':
      return unifiAdapter(gateway, find, services);
  }
}

export function adaptersOf(config: Config, services: GatewayServices): ReadonlyMap<GatewayId, GatewayAdapter> {
  const bySite = new Map<SiteId, AccessPoint[]>(config.sites.map(({ id }) => [id, []]));
  for (const accessPoint of config.accessPoints) bySite.get(accessPoint.site)?.push(accessPoint);
  const adapters = config.gateways.flatMap((gateway) =>
    gateway.kind === 'hostapd' ? [] : adapterOf(gateway, services, bySite.get(gateway.site)),
  );
  return new Map(adapters.map((adapter) => [adapter.id, adapter]));
}
