import type { Config } from '../config/schema';
import type { Random } from '../runtime/random';
import { openEmbeddedStore } from './embedded/driver';
import { openRedisStore } from './redis/driver';
import type { Store } from './store';

/**
 * Opens the store that the configuration names.
 * @param warn  hears in a sentence what may be lost although it is configured so
 * @throws OperatorError in one sentence if it cannot be used
 */
export function openStore(config: Config, random: Random, warn: (message: string) => void = () => {}): Promise<Store> {
  const context = { townKey: config.key.reveal(), timeZone: config.town.timeZone, random };
  const { kind, path, redis } = config.store;
  // `kind: redis` without its block does not get through the check of the configuration.
  return kind === 'redis' && redis !== undefined
    ? openRedisStore(redis, context, warn)
    : openEmbeddedStore(path, context);
}
