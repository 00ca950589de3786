import { credentialHash } from '../credentials';
import type { OnceStore } from '../store';
import type { Engine } from './engine';

/** Redis removes a word when it serves nobody any more; it lies there as a hash. */
export function onceStore(engine: Engine): OnceStore {
  return {
    takeOnce: (word, until, now) =>
      engine.operation(async (redis) => {
        const key = engine.keys.usedWord(credentialHash(word).toString('base64url'));
        return (await redis.set(key, 1, 'PX', Math.max(1, Math.ceil(until - now)), 'NX')) === 'OK';
      }),
  };
}
