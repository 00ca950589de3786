import type { Millis } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import type { Engine } from './engine';
import { SERVER_TIME } from './scripts';

/**
 * By how much this machine's clock is certainly ahead of that of Redis; negative if it is behind. What the way to Redis
 * and back explains is no distance. 0 if Redis may not say.
 */
export async function clockAhead(engine: Engine, clock: Clock): Promise<Millis> {
  const before = clock.now();
  // By a key, so that in a cluster the server says it that keeps the leases.
  const theirs = await engine.runFleeting(SERVER_TIME, [engine.keys.town('leases')], []);
  const after = clock.now();
  if (typeof theirs !== 'number') return 0;
  if (before > theirs) return before - theirs;
  return Math.min(0, after - theirs);
}
