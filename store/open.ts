import type { Config } from '../config/schema';
import type { Random } from '../runtime/random';
import { openEmbeddedStore } from './embedded/driver';
import type { Store } from './store';

/**
 * Opens the store that the configuration names.
 * @throws OperatorError in one sentence if its folder cannot be used
 */
export function openStore(config: Config, random: Random): Promise<Store> {
  const context = { townKey: config.key.reveal(), timeZone: config.town.timeZone, random };
  return openEmbeddedStore(config.store.path, context);
}
