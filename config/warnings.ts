import { pathText } from './mistake';
import type { Config } from './schema';

/** Something that is allowed, and that whoever runs the town should know: where, and what it means, in one sentence. */
export interface Warning {
  readonly path: string;
  readonly message: string;
}

export function warningsIn({ gateways, store }: Config): readonly Warning[] {
  return [...unsignedRedirects(gateways), ...storeWarnings(store)];
}

function storeWarnings({ kind, redis }: Config['store']): readonly Warning[] {
  if (redis === undefined) return [];
  if (kind === 'embedded') {
    return [{ path: 'store.redis', message: 'store.kind is embedded, so this Redis is not used.' }];
  }
  if (redis.durability === 'replicas' || (redis.sentinels ?? redis.cluster) === undefined) return [];
  const message =
    'When a replica takes over, what only the lost master had is gone; durability: replicas waits until a replica has it.';
  return [{ path: 'store.redis.durability', message }];
}

function unsignedRedirects(gateways: Config['gateways']): readonly Warning[] {
  return gateways.flatMap((gateway, i) => {
    const warnings: Warning[] = [];
    if ('uam' in gateway && gateway.uam.secret === undefined) {
      const message = `${gateway.id} has no uam.secret, so the portal believes every redirect that somebody makes up in its name.`;
      warnings.push({ path: pathText(['gateways', i, 'uam']), message });
    }
    if (
      'captiveApi' in gateway &&
      gateway.captiveApi?.secret === undefined &&
      gateway.captiveApi?.clients.length === 0
    ) {
      const message = `captiveApi of ${gateway.id} has neither secret nor clients, so it answers no device: those fall back to their probes.`;
      warnings.push({ path: pathText(['gateways', i, 'captiveApi']), message });
    }
    return warnings;
  });
}
