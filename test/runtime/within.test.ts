import { ManualClock } from '../../runtime/clock';
import { Patience, TooSlow } from '../../runtime/within';

const USUAL = 3_000;
const WHILE_HANGING = 750;
const FORGOTTEN_AFTER = 5_000;

const never = new Promise<never>(() => {});

/** How long somebody waited in vain. */
async function waited(patience: Patience, clock: ManualClock): Promise<number> {
  const began = clock.monotonic();
  let ended: number | undefined;
  const waiting = patience.wait(never).catch((error: unknown) => {
    expect(error).toBeInstanceOf(TooSlow);
    ended = clock.monotonic();
  });
  while (ended === undefined && clock.monotonic() < began + USUAL) await clock.advance(WHILE_HANGING / 3);
  await clock.advance(0);
  await waiting;
  return (ended ?? Number.NaN) - began;
}

describe('patience with something that may hang', () => {
  test('the first waits long, those who come soon after hardly, and later one waits long again', async () => {
    const clock = new ManualClock(0);
    const patience = new Patience(USUAL, WHILE_HANGING, clock);
    expect(await waited(patience, clock)).toBe(USUAL);
    expect(await waited(patience, clock)).toBe(WHILE_HANGING);
    // Those who hardly wait do not keep the others from waiting: what is only slow would never be waited for again.
    await clock.advance(FORGOTTEN_AFTER - WHILE_HANGING - 1);
    expect(await waited(patience, clock)).toBe(WHILE_HANGING);
    expect(await waited(patience, clock)).toBe(USUAL);
  });

  test('what comes in time is what was waited for', async () => {
    const patience = new Patience(USUAL, WHILE_HANGING, new ManualClock(0));
    expect(await patience.wait(Promise.resolve('there'))).toBe('there');
    await expect(patience.wait(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  });
});
