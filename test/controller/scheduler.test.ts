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
      const end = (): void => {
        inFlight--;
        resolve();
      };
      clock.after(takes, end);
      signal.addEventListener('abort', () => resolve());
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
