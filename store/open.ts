import type { Config } from '../config/schema';
import type { Clock } from '../runtime/clock';
import type { Random } from '../runtime/random';
import { openEmbeddedStore } from './embedded/driver';
import type { Store } from './store';

/** What every driver needs besides its place. */
export interface StoreContext {
  /** The configuration's `key`. */
  readonly townKey: string;
  readonly timeZone: string;
  readonly random: Random;
  readonly clock: Clock;
}

/**
 * Opens the store that the configuration names.
 * @throws OperatorError in one sentence if its folder cannot be used
 */
export function openStore(config: Config, random: Random, clock: Clock): Promise<Store> {
  const context = { townKey: config.key.reveal(), timeZone: config.town.timeZone, random, clock };
  return openEmbeddedStore(config.store.path, context);
}
