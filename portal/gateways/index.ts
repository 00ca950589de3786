import type { Config, Gateway } from '../../config/schema';
import type { GatewayId } from '../../core/ids';
import type { GatewayAdapter, GatewayServices } from './gateway';
import { mikrotikAdapter } from './mikrotik';
import { openndsAdapter } from './opennds';
import { uamAdapter } from './uam';
import { unifiAdapter } from './unifi';

/** A gateway that shows our pages; hostapd only asks RADIUS. */
export type PortalGateway = Exclude<Gateway, { kind: 'hostapd' }>;

/** The adapter of a gateway that sends visitors here. A new kind gets a file of its own and a line here. */
export function adapterOf(gateway: PortalGateway, services: GatewayServices): GatewayAdapter {
  switch (gateway.kind) {
    case 'uspot':
    case 'coovachilli':
      return uamAdapter(gateway);
    case 'opennds':
      return openndsAdapter(gateway, services);
    case 'mikrotik':
      return mikrotikAdapter(gateway);
    case 'unifi':
      return unifiAdapter(gateway, services);
  }
}

export function adaptersOf(config: Config, services: GatewayServices): ReadonlyMap<GatewayId, GatewayAdapter> {
  const adapters = config.gateways.flatMap((gateway) =>
    gateway.kind === 'hostapd' ? [] : adapterOf(gateway, services),
  );
  return new Map(adapters.map((adapter) => [adapter.id, adapter]));
}
