import type { Millis } from '../core/time';
import { systemClock } from './clock';

/** Something took longer than anybody can wait for it. It may still happen. */
export class TooSlow extends Error {
  constructor(patience: Millis) {
    super(`no answer within ${patience} ms`);
    this.name = 'TooSlow';
  }
}

/** What `operation` resolves to, or rejects with; with TooSlow if neither happens in time. */
export async function within<T>(patience: Millis, operation: Promise<T>): Promise<T> {
  let cancel = (): void => {};
  const tooSlow = new Promise<never>((_, reject) => {
    cancel = systemClock.after(patience, () => reject(new TooSlow(patience)));
  });
  try {
    return await Promise.race([operation, tooSlow]);
  } finally {
    cancel();
  }
}
