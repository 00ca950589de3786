const { readFileSync } = require('node:fs');

/**
 * Loaded before the product (`node --require`): on SIGUSR2 its wall clock is set by as many milliseconds as stand in the
 * file CLOCK_STEP names, as an administrator would set that of the whole machine; its monotonic clock goes on undisturbed.
 */
const { now } = Date;
let by = 0;
Date.now = () => now() + by;
process.on('SIGUSR2', () => {
  by = Number(readFileSync(process.env.CLOCK_STEP, 'utf8'));
});
