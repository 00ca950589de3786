import type { Config, Gateway } from '../../config/schema';
import type { GatewayId } from '../../core/ids';
import type { GatewayAdapter } from './gateway';
import { openndsAdapter } from './opennds';
import { uamAdapter } from './uam';

/** The adapter of a configured gateway. A new kind gets a file of its own and a line here. */
export function adapterOf(gateway: Gateway): GatewayAdapter {
  switch (gateway.kind) {
    case 'uspot':
    case 'coovachilli':
      return uamAdapter(gateway);
    case 'opennds':
      return openndsAdapter(gateway);
  }
}

export function adaptersOf(config: Config): ReadonlyMap<GatewayId, GatewayAdapter> {
  return new Map(config.gateways.map((gateway) => [gateway.id, adapterOf(gateway)]));
}
