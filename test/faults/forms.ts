/** Each drill has a short form, which `npm test` runs, and a full one: `npm run test:faults`. */
export const isFull = process.env.FAULTS === 'full';

/** The figure of this run's form. */
export function inForm<T>(short: T, full: T): T {
  return isFull ? full : short;
}

/** Longest that a drill may take: the full form has waits of a minute in it. */
export const DRILL_MS = inForm(120_000, 1_800_000);

/** Tells what a full drill measured, for docs/failure-modes.md. */
export function figures(drill: string, measured: Readonly<Record<string, number | string>>): void {
  if (!isFull) return;
  const words = Object.entries(measured).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`measured: ${drill}: ${words.join(', ')}\n`);
}

/** Waits for as long as the drill demands; for what is no condition but the fault itself. */
export function lasting(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
