import type { Config, OpenndsGateway, UamGateway } from '../../config/schema';
import type { GatewayId } from '../../core/ids';
import type { GatewayAdapter, GatewayServices } from './gateway';
import { openndsAdapter } from './opennds';
import { uamAdapter } from './uam';

/** The adapter of a gateway that sends visitors here. A new kind gets a file of its own and a line here. */
export function adapterOf(gateway: UamGateway | OpenndsGateway, _services: GatewayServices): GatewayAdapter {
  switch (gateway.kind) {
    case 'uspot':
    case 'coovachilli':
      return uamAdapter(gateway);
    case 'opennds':
      return openndsAdapter(gateway);
  }
}

export function adaptersOf(config: Config, services: GatewayServices): ReadonlyMap<GatewayId, GatewayAdapter> {
  const adapters = config.gateways.flatMap((gateway) =>
    gateway.kind === 'hostapd' ? [] : adapterOf(gateway, services),
  );
  return new Map(adapters.map((adapter) => [adapter.id, adapter]));
}
