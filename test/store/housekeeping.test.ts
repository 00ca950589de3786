import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY, HOUR, MINUTE, type Millis, SECOND } from '../../core/time';
import { ManualClock } from '../../runtime/clock';
import { silentLog } from '../../runtime/log';
import { openEmbeddedStore } from '../../store/embedded/driver';
import { Housekeeping } from '../../store/housekeeping';
import { TrustedTime } from '../../store/trusted-time';
import { CONTEXT, event, request, START } from '../contract/fixtures';

interface Step {
  /** By how much the clock is set. */
  readonly set: Millis;
  readonly thenFor: Millis;
}

describe('the time by which records are destroyed', () => {
  test.each<[string, 'believed' | 'doubted', Step[]]>([
    ['a clock that nobody sets is believed', 'believed', [{ set: 0, thenFor: 9 * HOUR }]],
    ['one set ahead by a minute is believed', 'believed', [{ set: MINUTE, thenFor: MINUTE }]],
    ['one set ahead by an hour is not', 'doubted', [{ set: HOUR, thenFor: 30 * MINUTE }]],
    ['one set ahead by a day is not', 'doubted', [{ set: DAY, thenFor: 30 * MINUTE }]],
    ['one set ahead by a day more than an hour ago is', 'believed', [{ set: DAY, thenFor: 70 * MINUTE }]],
    [
      'one set ahead, and right again, is believed',
      'believed',
      [
        { set: DAY, thenFor: 30 * MINUTE },
        { set: -DAY, thenFor: MINUTE },
      ],
    ],
    [
      'one set ahead again and again is not',
      'doubted',
      [
        { set: DAY, thenFor: 50 * MINUTE },
        { set: DAY, thenFor: 50 * MINUTE },
      ],
    ],
    ['one set back is believed at once', 'believed', [{ set: -DAY, thenFor: MINUTE }]],
  ])('%s', async (_, expected, steps) => {
    const clock = new ManualClock(START);
    const time = new TrustedTime(clock);
    clock.every(5 * MINUTE, () => time.now());
    for (const { set, thenFor } of steps) {
      clock.step(set);
      time.now();
      await clock.advance(thenFor);
    }
    expect(time.now()).toBe(expected === 'believed' ? clock.now() : undefined);
  });

  test('a grant survives a clock that jumps ahead, and not its own end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-housekeeping-'));
    const store = await openEmbeddedStore(folder, CONTEXT);
    const clock = new ManualClock(START);
    const housekeeping = new Housekeeping(store, clock, silentLog);
    await housekeeping.start();
    const { grant } = await store.putGrant(request(1, { expiresAt: START + 8 * MINUTE }));
    clock.step(DAY);
    await clock.advance(6 * MINUTE);
    await housekeeping.stop();
    expect(await store.getGrant(grant.id, START)).toEqual(grant);
    clock.step(-DAY);
    await clock.advance(6 * MINUTE);
    await housekeeping.start();
    expect(await store.getGrant(grant.id, START)).toBeUndefined();
    await housekeeping.stop();
    await store.close();
    rmSync(folder, { recursive: true });
  });
});

test('sessions from which three reports are missing are closed, whichever part of the product had heard of them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-housekeeping-'));
  const store = await openEmbeddedStore(folder, CONTEXT);
  const clock = new ManualClock(START);
  const housekeeping = new Housekeeping(store, clock, silentLog);
  await housekeeping.start();
  await store.applyAccounting(event('start', 0));
  await clock.advance(15 * MINUTE);
  expect((await store.countSessions()).get('rathaus')).toBe(1);
  await clock.advance(2 * MINUTE);
  await housekeeping.stop();
  expect((await store.countSessions()).get('rathaus')).toBeUndefined();
  await store.close();
  rmSync(folder, { recursive: true });
});

test.each<[string, (clock: ManualClock) => Millis]>([
  [
    'jumps ahead',
    (clock) => {
      clock.step(DAY);
      return 0;
    },
  ],
  [
    'has always been ahead of the store’s',
    (clock) => {
      clock.step(HOUR / 2);
      return HOUR / 2;
    },
  ],
])('no running session is closed because the clock %s, and the log tells of clocks that differ', async (_, set) => {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-housekeeping-'));
  const store = await openEmbeddedStore(folder, CONTEXT);
  const clock = new ManualClock(START);
  let ahead = 0;
  const lines: string[] = [];
  const log = { ...silentLog, warn: (event: string) => void lines.push(event), child: () => log };
  const housekeeping = new Housekeeping({ ...store, clockAhead: async () => ahead }, clock, log);
  await housekeeping.start();
  await store.applyAccounting(event('start', 0));
  ahead = set(clock);
  await clock.advance(3 * MINUTE);
  await housekeeping.stop();
  expect((await store.countSessions()).get('rathaus')).toBe(1);
  expect(lines.filter((line) => line === 'clocks-differ')).toHaveLength(ahead === 0 ? 0 : 1);
  expect(housekeeping.clockAhead).toBe(ahead);
  await store.close();
  rmSync(folder, { recursive: true });
});

test('a store that fails is tried every second until it is well again, and the log tells of it every ten seconds', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-housekeeping-'));
  const store = await openEmbeddedStore(folder, CONTEXT);
  const clock = new ManualClock(START);
  const lines: string[] = [];
  const note = (event: string) => void lines.push(event);
  const log = { ...silentLog, info: note, error: note, child: () => log };
  let fails = false;
  let checks = 0;
  const check = async () => {
    checks += 1;
    if (fails) throw new Error('no room');
  };
  const housekeeping = new Housekeeping({ ...store, check }, clock, log);
  // One timer sets the next, which it can only between two steps. Within the first minute nothing else is in the queue.
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) await clock.advance(SECOND);
  };
  await housekeeping.start();
  await pass(10);
  expect(checks).toBe(2);
  fails = true;
  await pass(35);
  expect(housekeeping.notReady()).toBe('no room');
  expect(checks).toBe(2 + 26);
  expect(lines).toEqual(['store-ready', ...Array<string>(3).fill('store-check-failed')]);
  fails = false;
  await pass(1);
  expect(housekeeping.notReady()).toBeUndefined();
  await pass(9);
  expect(checks).toBe(2 + 26 + 1);
  expect(lines.at(-1)).toBe('store-ready');
  await housekeeping.stop();
  await pass(60);
  expect(checks).toBe(2 + 26 + 1);
  await store.close();
  rmSync(folder, { recursive: true });
});

test('of two processes the one that forgets for long keeps the turn, and the store is still tried', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-housekeeping-'));
  const store = await openEmbeddedStore(folder, CONTEXT);
  const clock = new ManualClock(START);
  let [checks, forgotten] = [0, 0];
  let finish = (): void => {};
  const long = new Promise<void>((resolve) => {
    finish = resolve;
  });
  // Nothing that waits for a disk: here time passes faster.
  const both = { ...store, check: async () => {}, closeSilentSessions: async () => 0 };
  const check = async () => {
    checks += 1;
  };
  const forget = async () => {
    forgotten += 1;
  };
  const one = new Housekeeping({ ...both, check, forget: () => long }, clock, silentLog);
  const other = new Housekeeping({ ...both, forget }, clock, silentLog);
  const started = one.start();
  await clock.advance(0);
  await other.start();
  for (let i = 0; i < 60; i++) await clock.advance(10 * SECOND);
  expect(forgotten).toBe(0);
  expect(checks).toBeGreaterThan(55);
  finish();
  await started;
  await one.stop();
  await clock.advance(5 * MINUTE);
  expect(forgotten).toBe(1);
  await other.stop();
  await store.close();
  rmSync(folder, { recursive: true });
});
