import type { Clock } from '../runtime/clock';
import type { Random } from '../runtime/random';

/** What every driver needs besides its place. The time is an argument of each operation. */
export interface StoreContext {
  /** The configuration's `key`. */
  readonly townKey: string;
  readonly timeZone: string;
  readonly random: Random;
  /** The clock those times are from; without it the computer's own. Where machines share a store, theirs may differ. */
  readonly clock?: Clock;
}
