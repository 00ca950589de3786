import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { END_MAINTENANCE, LIST_MAINTENANCE, maintenanceDesk, START_MAINTENANCE } from '../../commands/maintenance-desk';
import type { Config } from '../../config/schema';
import type { PollResult } from '../../controller/probe/probe';
import { Scheduler } from '../../controller/scheduler';
import { Sight } from '../../controller/sight';
import { Watch } from '../../controller/watch';
import type { Outage } from '../../core/health';
import { HOUR, MINUTE, type Millis, SECOND } from '../../core/time';
import { ManualClock } from '../../runtime/clock';
import { LiveValue } from '../../runtime/live';
import { type LogFields, silentLog } from '../../runtime/log';
import { systemRandom } from '../../runtime/random';
import { modelStore } from '../contract/model';
import { START, town } from './controller';

/** Whether an access point answers at that moment, and how. */
type World = (ap: string, at: Millis) => 'answers' | 'silent' | 'refuses' | 'unreachable';

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** With time-outs of one, two and three seconds. */
const TRIES = 3;

/** The scheduler and the watch of the controller over a network that is reckoned, and a store as plain as it can be. */
async function simulate(config: Config, world: World, loss = 0, seed = 1) {
  const clock = new ManualClock(START);
  const store = modelStore('Europe/Berlin');
  const live = new LiveValue(config);
  const lines: (LogFields & { event: string })[] = [];
  const write = (event: string, fields: LogFields = {}): void => void lines.push({ event, ...fields });
  const log = { ...silentLog, info: write, warn: write, error: write };
  const chance = dice(seed);
  /** The question gets there and the answer back in one of the tries. */
  const passes = (): boolean => {
    for (let left = TRIES; left > 0; left--) if (chance() >= loss && chance() >= loss) return true;
    return false;
  };
  const sample = { description: '', interfaces: new Map() };
  const ask = (ap: string, at: Millis): PollResult => {
    const says = world(ap, at);
    if (says === 'silent' || !passes()) return { answered: false, reason: 'timeout' };
    if (says === 'unreachable') return { answered: false, reason: 'unreachable' };
    return says === 'refuses' ? { answered: false, reason: 'refused' } : { answered: true, sample };
  };
  const open = async () => {
    const watch = new Watch({ config: live, store, clock, log });
    await watch.load();
    const scheduler = new Scheduler(clock, (ap) => watch.record(ap, ask(ap, clock.now()), clock.now()));
    const period = config.controller.pollSeconds * SECOND;
    scheduler.follow(
      config.accessPoints.map(({ id }) => id),
      period,
    );
    scheduler.start();
    const cancel = clock.every(period, () => void watch.goOn());
    const stop = async () => {
      cancel();
      await scheduler.stop();
      await watch.goOn();
    };
    return { watch, stop };
  };
  let running = await open();
  return {
    clock,
    store,
    lines,
    states: () => new Map([...running.watch.all()].map(({ config: { id }, state }) => [id, state])),
    restart: async () => {
      await running.stop();
      running = await open();
    },
    stop: () => running.stop(),
    outages: async (): Promise<ReadonlyMap<string, readonly Outage[]>> => {
      const window = { from: START, to: clock.now() };
      const all = config.accessPoints.map(async ({ id }) => [id, await store.outages(id, window)] as const);
      return new Map((await Promise.all(all)).filter(([, list]) => list.length > 0));
    },
  };
}

/** A town whose access points are reached as given: `ap-3: ap-1` behind `ap-1`. */
function townOf(ids: readonly string[], uplinks: Readonly<Record<string, string>> = {}, changes: object = {}): Config {
  const plain = town(ids.map((id) => ({ id, port: 161 })));
  const accessPoints = plain.accessPoints.map((ap) => ({ ...ap, uplink: uplinks[ap.id] }));
  return { ...plain, accessPoints, ...changes };
}

/** Where no connection can be made to: the system refuses it at once. */
const NOWHERE = '255.255.255.255:9';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `ap-${i}`);
const PERIOD = MINUTE;

describe('5 % packet loss on every path', () => {
  test('no false outage in 10,000 hours of access points', async () => {
    const run = await simulate(townOf(names(10_000)), () => 'answers', 0.05);
    await run.clock.advance(HOUR);
    expect(await run.outages()).toEqual(new Map());
    expect(run.lines).toEqual([]);
    await run.stop();
  });

  test('200 real outages are found, each with its beginning and end right to one interval', async () => {
    const chance = dice(2);
    const faults = new Map(
      names(200).map((ap) => {
        const from = START + 5 * MINUTE + chance() * HOUR;
        return [ap, { from, to: from + (4 + 40 * chance()) * MINUTE }];
      }),
    );
    const world: World = (ap, at) => {
      const fault = faults.get(ap);
      return fault !== undefined && fault.from <= at && at < fault.to ? 'silent' : 'answers';
    };
    const run = await simulate(townOf(names(200)), world, 0.05, 3);
    await run.clock.advance(2 * HOUR);
    const found = await run.outages();
    expect([...found.values()].map((list) => list.length)).toEqual(Array(200).fill(1));
    for (const [ap, [outage]] of found) {
      const fault = faults.get(ap) ?? { from: 0, to: 0 };
      expect(Math.abs((outage?.from ?? 0) - fault.from)).toBeLessThanOrEqual(PERIOD);
      // An answer may get lost as well.
      expect(Math.abs((outage?.to ?? 0) - fault.to)).toBeLessThanOrEqual(2 * PERIOD);
    }
    await run.stop();
  });

  test('a restart in the middle changes nothing', async () => {
    const fault = { from: START + 7.3 * MINUTE, to: START + 16.2 * MINUTE };
    const world: World = (ap, at) => (ap === 'ap-3' && fault.from <= at && at < fault.to ? 'silent' : 'answers');
    const outagesOf = async (restartAfter: readonly Millis[]) => {
      const run = await simulate(townOf(names(20)), world);
      for (const pause of restartAfter) {
        await run.clock.advance(pause);
        await run.restart();
      }
      await run.clock.advance(30 * MINUTE);
      await run.stop();
      return run.outages();
    };
    const expected = await outagesOf([]);
    expect([...expected.keys()]).toEqual(['ap-3']);
    for (const minutes of [8, 9, 10, 11, 16, 17]) {
      const [outage] = (await outagesOf([minutes * MINUTE])).get('ap-3') ?? [];
      const [whole] = expected.get('ap-3') ?? [];
      // A new process asks everybody at once, so its polls may lie earlier in the interval.
      expect(Math.abs((outage?.from ?? 0) - (whole?.from ?? 0))).toBeLessThanOrEqual(PERIOD);
      expect(Math.abs((outage?.to ?? 0) - (whole?.to ?? 0))).toBeLessThanOrEqual(PERIOD);
    }
  });
});

describe('an uplink', () => {
  const behind = Object.fromEntries(
    names(20)
      .slice(1)
      .map((id) => [id, 'ap-0']),
  );
  const cut = { from: START + 5.5 * MINUTE, to: START + 15.5 * MINUTE };
  const isCut = (at: Millis): boolean => cut.from <= at && at < cut.to;

  test('that is down is one outage, not twenty, and everything comes back', async () => {
    // Another site answers, so the controller is not blind.
    const config = townOf([...names(20), 'elsewhere'], behind);
    const run = await simulate(config, (ap, at) => (ap !== 'elsewhere' && isCut(at) ? 'silent' : 'answers'));
    await run.clock.advance(12 * MINUTE);
    const states = [...run.states().values()];
    expect(states.filter((state) => state === 'parent-down')).toHaveLength(19);
    expect(run.states().get('ap-0')).toBe('down');
    expect(run.lines.map(({ event, ap }) => [event, ap])).toEqual([['outage-opened', 'ap-0']]);
    await run.clock.advance(10 * MINUTE);
    expect(new Set(run.states().values())).toEqual(new Set(['up']));
    const found = await run.outages();
    expect(found.size).toBe(20);
    for (const [ap, list] of found)
      expect([ap, list.map(({ cause }) => cause)]).toEqual([ap, ap === 'ap-0' ? [undefined] : ['uplink']]);
    await run.stop();
  });

  test('whose agent alone is silent explains nothing', async () => {
    const config = townOf(['ap-0', 'ap-1', 'elsewhere'], { 'ap-1': 'ap-0' });
    const world: World = (ap, at) => {
      if (ap === 'elsewhere' || !isCut(at)) return 'answers';
      return ap === 'ap-0' ? 'refuses' : 'silent';
    };
    const run = await simulate(config, world);
    await run.clock.advance(12 * MINUTE);
    expect(run.states()).toEqual(
      new Map([
        // It is there, and nobody knows whether it works.
        ['ap-0', 'unknown'],
        ['ap-1', 'down'],
        ['elsewhere', 'up'],
      ]),
    );
    expect((await run.outages()).get('ap-0')).toEqual([{ from: expect.any(Number), cause: 'agent' }]);
    await run.stop();
  });
});

describe('when nothing answers any more', () => {
  const cut: World = (_, at) => (at >= START + 10.5 * MINUTE && at < START + 30.5 * MINUTE ? 'silent' : 'answers');

  test('the controller calls itself blind, nobody down, and keeps the time as unwatched', async () => {
    const run = await simulate(townOf(names(30)), cut, 0.05);
    await run.clock.advance(20 * MINUTE);
    expect(new Set(run.states().values())).toEqual(new Set(['unknown']));
    const window = { from: START + 5 * MINUTE, to: START + 20 * MINUTE };
    const [gap] = await run.store.unwatched(window, 3 * MINUTE);
    expect(gap?.to).toBe(window.to);
    expect(Math.abs((gap?.from ?? 0) - START - 10.5 * MINUTE)).toBeLessThanOrEqual(PERIOD);
    await run.clock.advance(20 * MINUTE);
    expect(new Set(run.states().values())).toEqual(new Set(['up']));
    expect(await run.outages()).toEqual(new Map());
    expect(run.lines.map(({ event }) => event)).toEqual(['controller-blind', 'controller-sees-again']);
    const closed = await run.store.unwatched({ from: START, to: run.clock.now() }, 3 * MINUTE);
    expect(closed).toHaveLength(1);
    expect(Math.abs((closed[0]?.to ?? 0) - START - 30.5 * MINUTE)).toBeLessThanOrEqual(PERIOD);
    await run.stop();
  });

  test.each<[string, readonly string[], number, string]>([
    ['one or two access points are called down', [], 2, 'down'],
    ['with ownConnection silent as well, a single one is not', [NOWHERE], 1, 'unknown'],
    ['with one miss to be called down, the controller is blind all the same', [], 5, 'unknown'],
  ])('%s', async (_, ownConnection, count, state) => {
    const policy = { ...town([]).controller, ownConnection, missesUntilDown: count === 5 ? 1 : 3 };
    const run = await simulate(townOf(names(count), {}, { controller: policy }), cut);
    await run.clock.advance(20 * MINUTE);
    expect([...run.states().values()]).toEqual(Array(count).fill(state));
    expect((await run.outages()).size).toBe(state === 'down' ? count : 0);
    await run.clock.advance(20 * MINUTE);
    expect(new Set(run.states().values())).toEqual(new Set(['up']));
    await run.stop();
  });

  test('for less than it takes to say so, what was missed meanwhile counts for nothing', async () => {
    const cutAt = START + 10.5 * MINUTE;
    // A third of them miss one poll more, for a reason of their own.
    const end = (ap: string): Millis => cutAt + (Number(ap.slice(3)) % 3 === 0 ? 160 : 100) * SECOND;
    const run = await simulate(townOf(names(60)), (ap, at) => (at >= cutAt && at < end(ap) ? 'silent' : 'answers'));
    await run.clock.advance(30 * MINUTE);
    expect(await run.outages()).toEqual(new Map());
    expect(run.lines).toEqual([]);
    await run.stop();
  });
});

describe('when most fall at once and others go on answering', () => {
  const falls = (ap: string): boolean => Number(ap.slice(3)) % 5 < 3;
  const cut =
    (how: 'silent' | 'unreachable', apart = falls): World =>
    (ap, at) =>
      apart(ap) && at >= START + 10.5 * MINUTE && at < START + 30.5 * MINUTE ? how : 'answers';

  test.each<[string, World, readonly string[], string, string | undefined]>([
    ['this machine has no way to them: unknown', cut('unreachable'), [], 'unknown', 'unseen'],
    ['everything beside the controller is silent, too: unknown', cut('silent'), [NOWHERE], 'unknown', 'unseen'],
    ['nothing beside the controller is named: down', cut('silent'), [], 'down', undefined],
  ])('%s', async (_, world, ownConnection, state, cause) => {
    const controller = { ...town([]).controller, ownConnection };
    const run = await simulate(townOf(names(10), {}, { controller }), world);
    await run.clock.advance(20 * MINUTE);
    for (const [ap, is] of run.states()) expect([ap, is]).toEqual([ap, falls(ap) ? state : 'up']);
    const found = [...(await run.outages()).values()].flat();
    expect(found.map((outage) => outage.cause)).toEqual(Array(6).fill(cause));
    await run.clock.advance(20 * MINUTE);
    expect(new Set(run.states().values())).toEqual(new Set(['up']));
    const told = run.lines.map(({ event }) => event);
    if (cause === 'unseen') expect(told).toEqual(['controller-partly-blind', 'controller-sees-all-again']);
    await run.stop();
  });

  test.each([1, 3])(
    'when the way is there again and they are not, they are down (%d misses)',
    async (missesUntilDown) => {
      const controller = { ...town([]).controller, missesUntilDown };
      const back = START + 15.5 * MINUTE;
      const world: World = (ap, at) => (at < back ? cut('unreachable')(ap, at) : cut('silent')(ap, at));
      const run = await simulate(townOf(names(10), {}, { controller }), world);
      await run.clock.advance(14 * MINUTE);
      expect(run.states().get('ap-0')).toBe('unknown');
      await run.clock.advance(6 * MINUTE);
      for (const [ap, is] of run.states()) expect([ap, is]).toEqual([ap, falls(ap) ? 'down' : 'up']);
      expect((await run.outages()).get('ap-0')?.map(({ cause }) => cause)).toEqual(['unseen', undefined]);
      await run.stop();
    },
  );

  test('a few are down, whatever is beside the controller', async () => {
    const controller = { ...town([]).controller, ownConnection: [NOWHERE] };
    const world = cut('silent', (ap) => ap === 'ap-3');
    const run = await simulate(townOf(names(20), {}, { controller }), world);
    await run.clock.advance(20 * MINUTE);
    expect([run.states().get('ap-3'), run.states().get('ap-4')]).toEqual(['down', 'up']);
    await run.stop();
  });

  test('a device beside the controller that takes a connection, or refuses one, proves that it sees', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const fallen = { streakFrom: START, at: START + 2 * MINUTE, standing: 40, isMass: true };
    const judged = async (...targets: string[]) =>
      new Sight(new ManualClock(START)).judge(fallen, { periodMs: MINUTE, misses: 3, targets });
    expect(await judged(NOWHERE)).toBe('blind');
    expect(await judged(NOWHERE, `127.0.0.1:${port}`)).toBe('sees');
    server.close();
    await once(server, 'close');
    expect(await judged(NOWHERE, `127.0.0.1:${port}`)).toBe('sees');
  });
});

describe('maintenance', () => {
  const silent: World = (ap, at) => (ap === 'ap-0' && at >= START + 5.5 * MINUTE ? 'silent' : 'answers');
  const work = {
    id: 'switch',
    reason: 'Neuer Switch',
    accessPoints: ['ap-0'],
    from: '2026-11-21 13:05',
    until: '2026-11-21 13:30',
  };

  test('that the configuration plans is quiet, covers what is behind it, and is kept when the plan is deleted', async () => {
    const config = townOf(names(4), { 'ap-1': 'ap-0' }, { maintenance: [work] });
    const run = await simulate(config, silent);
    await run.clock.advance(20 * MINUTE);
    const states = run.states();
    expect([...states]).toEqual([
      ['ap-0', 'maintenance'],
      ['ap-1', 'maintenance'],
      ['ap-2', 'up'],
      ['ap-3', 'up'],
    ]);
    const [kept] = await run.store.maintenance({ from: START, to: run.clock.now() });
    expect(kept).toMatchObject({ plan: 'switch', from: START + 5 * MINUTE, to: START + 30 * MINUTE });
    await run.clock.advance(15 * MINUTE);
    expect(run.states().get('ap-0')).toBe('down');
    await run.stop();
  });
});

test('maintenance that is ordered begins at once, is seen within an interval, and ends when the work is done', async () => {
  const run = await simulate(townOf(names(4)), () => 'answers');
  const { store, clock } = run;
  const desk = new Map(maintenanceDesk({ store, clock, random: systemRandom, log: silentLog }));
  const order = async (path: string, asked: object): Promise<object[]> => {
    const said: object[] = [];
    await desk.get(path)?.(asked, (line) => void said.push(line));
    return said;
  };
  const scope = { sites: [], accessPoints: ['ap-1'] };
  await run.clock.advance(MINUTE);
  await order(START_MAINTENANCE, { ...scope, until: clock.now() + HOUR, reason: 'new mast' });
  expect(await order(LIST_MAINTENANCE, {})).toMatchObject([{ accessPoints: ['ap-1'], reason: 'new mast' }]);
  await run.restart();
  expect(run.states().get('ap-1')).toBe('maintenance');
  await run.clock.advance(MINUTE);
  expect(await order(END_MAINTENANCE, { sites: ['school'], accessPoints: [] })).toEqual([{ ended: 0 }]);
  expect(await order(END_MAINTENANCE, scope)).toEqual([{ ended: 1 }]);
  expect(await order(LIST_MAINTENANCE, {})).toEqual([]);
  await run.clock.advance(MINUTE);
  expect(run.states().get('ap-1')).toBe('up');
  await expect(order(START_MAINTENANCE, { sites: ['school'] })).rejects.toThrow();
  await run.stop();
});

test('an access point that flaps is told of once', async () => {
  const world: World = (ap, at) =>
    ap === 'ap-0' && Math.floor((at - START) / (4 * MINUTE)) % 2 === 1 ? 'silent' : 'answers';
  const run = await simulate(townOf(names(4)), world);
  await run.clock.advance(2 * HOUR);
  const events = run.lines.map(({ event }) => event);
  expect(events.filter((event) => event === 'flapping')).toHaveLength(1);
  expect(events.length).toBeLessThanOrEqual(5);
  expect((await run.outages()).get('ap-0')?.length).toBe(15);
  await run.stop();
});
