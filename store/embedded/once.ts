import type { Millis } from '../../core/time';
import type { OnceStore } from '../store';

/** More than are shown in the minutes for which they are good; beyond it the oldest are forgotten. */
const MOST = 20_000;

/** In memory: this driver serves one process, and who restarts it within these minutes lets a word serve once more. */
export function onceStore(): OnceStore {
  const used = new Map<string, Millis>();
  return {
    takeOnce: (word, until, now) => {
      for (const [oldest, staleAt] of used) {
        if (staleAt > now && used.size < MOST) break;
        used.delete(oldest);
      }
      if (used.has(word)) return false;
      used.set(word, until);
      return true;
    },
  };
}
