import { phaseOf, Scheduler } from '../../controller/scheduler';
import { ManualClock } from '../../runtime/clock';

const PERIOD = 60_000;
const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `ap-${i}`);

/** A scheduler whose polls are written down with their time; each takes `takes` milliseconds. */
function watched(takes = 10) {
  const clock = new ManualClock(0);
  const polls: { ap: string; at: number }[] = [];
  let inFlight = 0;
  let most = 0;
  const scheduler = new Scheduler(clock, (ap, signal) => {
    polls.push({ ap, at: clock.monotonic() });
    most = Math.max(most, ++inFlight);
    return new Promise<void>((resolve) => {
      const abort = (): void => resolve();
      const end = (): void => {
        inFlight--;
        signal.removeEventListener('abort', abort);
        resolve();
      };
      clock.after(takes, end);
      signal.addEventListener('abort', abort);
    });
  });
  return { clock, polls, scheduler, most: () => most };
}

test('polls are spread evenly: in no second more than half as many again as on average', async () => {
  const { clock, polls, scheduler } = watched();
  scheduler.follow(ids(1200), PERIOD);
  scheduler.start();
  await clock.advance(2 * PERIOD);
  polls.length = 0;
  await clock.advance(PERIOD);
  expect(polls.length).toBe(1200);
  const bySecond = new Map<number, number>();
  for (const { at } of polls) bySecond.set(Math.floor(at / 1000), (bySecond.get(Math.floor(at / 1000)) ?? 0) + 1);
  expect(Math.max(...bySecond.values())).toBeLessThanOrEqual(40);
  await scheduler.stop();
});

test('few start together, so that what else the process does waits for few answers', async () => {
  const { clock, polls, scheduler } = watched();
  scheduler.follow(ids(6000), PERIOD);
  scheduler.start();
  await clock.advance(2 * PERIOD);
  const together = new Map<number, number>();
  for (const { at } of polls) together.set(at, (together.get(at) ?? 0) + 1);
  expect(polls.length).toBeGreaterThanOrEqual(12_000);
  expect(Math.max(...together.values())).toBeLessThanOrEqual(3);
  await scheduler.stop();
});

test('a process that is held up again and again keeps the pace', async () => {
  const { clock, polls, scheduler } = watched();
  scheduler.follow(ids(6000), PERIOD);
  const every = clock.every.bind(clock);
  clock.every = (_, task) => every(90, task);
  scheduler.start();
  await clock.advance(PERIOD);
  polls.length = 0;
  await clock.advance(PERIOD);
  expect(new Set(polls.map(({ ap }) => ap)).size).toBe(6000);
  await scheduler.stop();
});

test('a start keeps to the even rate, because first polls ask for more', async () => {
  const { clock, polls, scheduler } = watched();
  scheduler.follow(ids(1200), PERIOD);
  scheduler.start();
  await clock.advance(PERIOD / 6);
  expect(polls.length).toBe(200);
  await scheduler.stop();
});

test('each is asked once in a period, always at its own place', async () => {
  const { clock, polls, scheduler } = watched();
  scheduler.follow(ids(7), PERIOD);
  scheduler.start();
  await clock.advance(10 * PERIOD);
  for (const ap of ids(7)) {
    const times = polls.filter((poll) => poll.ap === ap).map(({ at }) => at);
    const regular = times.slice(2);
    expect(times.length).toBeGreaterThanOrEqual(10);
    expect(times.length).toBeLessThanOrEqual(11);
    for (const at of regular) expect(Math.abs((at % PERIOD) - phaseOf(ap) * PERIOD)).toBeLessThanOrEqual(200);
  }
  await scheduler.stop();
});

test('new access points are asked soon, not only at their place', async () => {
  const { clock, polls, scheduler } = watched();
  scheduler.follow(ids(8), PERIOD);
  scheduler.start();
  await clock.advance(1_000);
  expect(new Set(polls.map(({ ap }) => ap)).size).toBe(8);
  scheduler.follow([...ids(8), 'ap-new'], PERIOD);
  await clock.advance(200);
  expect(polls.some(({ ap }) => ap === 'ap-new')).toBe(true);
  await scheduler.stop();
});

test('one that is removed is not asked again; the others keep their place', async () => {
  const { clock, polls, scheduler } = watched();
  scheduler.follow(ids(8), PERIOD);
  scheduler.start();
  await clock.advance(2 * PERIOD);
  scheduler.follow(ids(8).slice(1), PERIOD);
  polls.length = 0;
  await clock.advance(PERIOD);
  expect(polls.map(({ ap }) => ap).sort()).toEqual(ids(8).slice(1).sort());
  await scheduler.stop();
});

test('never more than 500 at a time, and none twice at a time', async () => {
  const { clock, polls, scheduler, most } = watched(90_000);
  scheduler.follow(ids(2000), PERIOD);
  scheduler.start();
  await clock.advance(PERIOD);
  expect(most()).toBe(500);
  expect(new Set(polls.map(({ ap }) => ap)).size).toBe(polls.length);
  await clock.advance(2 * PERIOD);
  expect(scheduler.overdue()).toBeGreaterThan(0);
  await scheduler.stop();
});

test('a large town keeps its pace when every poll takes all its time-outs', async () => {
  const { clock, polls, scheduler, most } = watched(6_500);
  scheduler.follow(ids(4000), 10_000);
  scheduler.start();
  await clock.advance(30_000);
  expect(scheduler.overdue()).toBe(0);
  expect(most()).toBeGreaterThan(2000);
  expect(most()).toBeLessThanOrEqual(2800);
  expect(new Set(polls.filter(({ at }) => at > 20_000).map(({ ap }) => ap)).size).toBeGreaterThan(3900);
  await scheduler.stop();
});

test('after a stall the backlog is worked off at twice the even rate, without a herd', async () => {
  const { clock, polls, scheduler } = watched();
  scheduler.follow(ids(600), PERIOD);
  let stalled = false;
  const every = clock.every.bind(clock);
  clock.every = (period, task) => every(period, () => stalled || task());
  scheduler.start();
  await clock.advance(2 * PERIOD);
  stalled = true;
  await clock.advance(5 * PERIOD);
  stalled = false;
  polls.length = 0;
  await clock.advance(1_000);
  expect(polls.length).toBeLessThanOrEqual(22);
  await clock.advance(PERIOD);
  expect(new Set(polls.map(({ ap }) => ap)).size).toBe(600);
  expect(polls.length).toBeLessThan(900);
  expect(scheduler.overdue()).toBe(0);
  await scheduler.stop();
});

test('stop ends the polls under way', async () => {
  const { clock, scheduler, polls } = watched(PERIOD);
  scheduler.follow(ids(3), PERIOD);
  scheduler.start();
  await clock.advance(40_000);
  const before = polls.length;
  await scheduler.stop();
  await clock.advance(2 * PERIOD);
  expect(polls.length).toBe(before);
});

describe('a poll that is brought forward', () => {
  test('comes at once, and the regular one follows at its place', async () => {
    const { clock, polls, scheduler } = watched();
    scheduler.follow(ids(200), PERIOD);
    scheduler.start();
    await clock.advance(2 * PERIOD);
    // A quarter of a period behind its last regular poll.
    const at = (phaseOf('ap-7') + 0.25) * PERIOD;
    await clock.advance((at + PERIOD - (clock.monotonic() % PERIOD)) % PERIOD);
    polls.length = 0;
    expect(scheduler.soon('ap-7')).toBe(true);
    await clock.advance(200);
    expect(polls.some(({ ap }) => ap === 'ap-7')).toBe(true);
    await clock.advance(2 * PERIOD);
    const times = polls.filter(({ ap }) => ap === 'ap-7').map((poll) => poll.at);
    expect(times.length).toBeLessThanOrEqual(3);
    for (const time of times.slice(1))
      expect(Math.abs((time % PERIOD) - phaseOf('ap-7') * PERIOD)).toBeLessThanOrEqual(200);
    await scheduler.stop();
  });

  test('is made once in a period, whoever keeps calling; nobody else waits for it', async () => {
    const { clock, polls, scheduler } = watched();
    scheduler.follow(ids(60), PERIOD);
    scheduler.start();
    await clock.advance(2 * PERIOD);
    polls.length = 0;
    for (let second = 0; second < 60; second++) {
      scheduler.soon('ap-7');
      await clock.advance(1_000);
    }
    expect(polls.filter(({ ap }) => ap === 'ap-7').length).toBeLessThanOrEqual(2);
    expect(new Set(polls.map(({ ap }) => ap)).size).toBe(60);
    await scheduler.stop();
  });

  test('when the whole town calls at once, is no herd either', async () => {
    const { clock, polls, scheduler } = watched();
    scheduler.follow(ids(1200), PERIOD);
    scheduler.start();
    await clock.advance(2 * PERIOD);
    polls.length = 0;
    for (const ap of ids(1200)) scheduler.soon(ap);
    await clock.advance(1_000);
    expect(polls.length).toBeLessThanOrEqual(44);
    await clock.advance(PERIOD);
    expect(new Set(polls.map(({ ap }) => ap)).size).toBe(1200);
    expect(scheduler.overdue()).toBe(0);
    await scheduler.stop();
  });

  test('of one that is unknown, being asked or taken away is none', async () => {
    const { clock, polls, scheduler } = watched(500);
    scheduler.follow(ids(2), PERIOD);
    scheduler.start();
    expect(scheduler.soon('stranger')).toBe(false);
    await clock.advance(100);
    expect(scheduler.soon('ap-0')).toBe(false);
    await clock.advance(PERIOD);
    expect(scheduler.soon('ap-0')).toBe(true);
    scheduler.follow(['ap-1'], PERIOD);
    polls.length = 0;
    await clock.advance(1_000);
    expect(polls.some(({ ap }) => ap === 'ap-0')).toBe(false);
    await scheduler.stop();
  });
});
