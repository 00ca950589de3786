import type { ManualClock } from '../../runtime/clock';

/** Waits until `condition` gives something other than undefined or false, and returns it. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 45_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Lets the time of `clock` pass, a little at a time, until `outcome` is there: for what waits on timers not set yet. */
export async function whileTimePasses<T>(clock: ManualClock, outcome: Promise<T>): Promise<T> {
  let open = true;
  const close = () => {
    open = false;
  };
  outcome.then(close, close);
  while (open) {
    await clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return outcome;
}
