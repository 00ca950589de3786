import type { Config } from '../config/schema';
import type { Random } from '../runtime/random';
import { openEmbeddedStore } from './embedded/driver';
import { openEmbeddedMovable } from './embedded/move';
import type { Movable } from './move/records';
import { openRedisStore } from './redis/driver';
import { openRedisMovable } from './redis/move';
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

/**
 * Opens the same store to be moved as a whole.
 * @param mustBeThere  one that does not exist yet is a mistake
 * @throws OperatorError in one sentence if it cannot be used, or is in use
 */
export function openMovable(config: Config, random: Random, mustBeThere: boolean): Promise<Movable> {
  const context = { townKey: config.key.reveal(), timeZone: config.town.timeZone, random };
  const { kind, path, redis } = config.store;
  return kind === 'redis' && redis !== undefined
    ? openRedisMovable(redis, context, mustBeThere)
    : openEmbeddedMovable(path, context, mustBeThere);
}
