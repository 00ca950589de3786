import fc from 'fast-check';
import { DAY, HOUR, MINUTE } from '../../core/time';
import { SESSION_AFTERGLOW_MS, type Store } from '../../store/store';
import { anyCommand, observe, Run } from './commands';
import { endContract } from './ends';
import { feedbackContract } from './feedback';
import { CONTEXT, device, event, type OpenOptions, request, START, TIME_ZONE, WHOLE_TIME } from './fixtures';
import { grantsContract } from './grants';
import { leasesContract } from './leases';
import { modelStore } from './model';
import { sessionsContract } from './sessions';
import { siteRulesContract } from './site-rules';
import { waitingContract } from './waiting';

/** What every driver must do. `open` is called again with the same place for a restart. */
export function storeContract(name: string, open: (options: OpenOptions) => Promise<Store>, randomLists = 40): void {
  let places = 0;
  const openNew = () => open({ ...CONTEXT, place: `contract-${++places}` });

  describe(`${name}: operations`, () => {
    let store: Store;
    beforeAll(async () => {
      store = await openNew();
    });
    afterAll(() => store.close());
    let sites = 0;
    let site: string;
    beforeEach(() => {
      site = `site-${++sites}`;
    });

    grantsContract(() => ({ store, site }));
    sessionsContract(() => ({ store, site }));

    describe('health', () => {
      test('the first answer is remembered, and outages are found in every window that they overlap', async () => {
        const ap = `ap-${site}`;
        const up = { state: 'up', since: START, streak: 0, lastSeenAt: START } as const;
        await store.putHealth(ap, up);
        await store.putHealth(ap, { ...up, state: 'down' }, { kind: 'open', from: START + HOUR });
        expect(await store.outages(ap, WHOLE_TIME)).toEqual([{ from: START + HOUR }]);
        await store.putHealth(ap, { ...up, lastSeenAt: START + 2 * HOUR }, { kind: 'close', to: START + 2 * HOUR });
        await store.putHealth(ap, { ...up, state: 'down' }, { kind: 'open', from: START + 3 * HOUR });
        const [first, second] = [{ from: START + HOUR, to: START + 2 * HOUR }, { from: START + 3 * HOUR }];
        expect(await store.outages(ap, WHOLE_TIME)).toEqual([first, second]);
        expect(await store.outages(ap, { from: START + 2 * HOUR - 1, to: START + 3 * HOUR })).toEqual([first]);
        expect(await store.outages(ap, { from: START + 2 * HOUR, to: START + 3 * HOUR })).toEqual([]);
        expect(await store.outages(ap, { from: START + 9 * HOUR, to: START + DAY })).toEqual([second]);
        expect((await store.allHealth()).get(ap)).toEqual({ health: { ...up, state: 'down' }, firstSeenAt: START });
      });
    });

    test('check writes and reads', async () => {
      await expect(store.check()).resolves.toBeUndefined();
      // The same machine has both clocks.
      expect(await store.clockAhead()).toBe(0);
    });
  });

  endContract(name, openNew);
  siteRulesContract(name, openNew);
  feedbackContract(name, openNew);
  waitingContract(name, openNew);
  leasesContract(name, openNew);

  describe(`${name}: time and restarts`, () => {
    test('nobody watched before the first word, in a gap longer than the tolerance, and since the last word', async () => {
      const store = await openNew();
      const at = (minute: number) => START + minute * MINUTE;
      const window = { from: at(-10), to: at(30) };
      expect(await store.unwatched(window, MINUTE)).toEqual([window]);
      for (const minute of [0, 1, 2, 12, 13]) await store.watch(at(minute), MINUTE);
      expect(await store.unwatched({ ...window, to: at(14) }, MINUTE)).toEqual([
        { from: at(-10), to: at(0) },
        { from: at(2), to: at(12) },
      ]);
      expect(await store.unwatched({ from: at(12), to: at(15) }, MINUTE)).toEqual([{ from: at(13), to: at(15) }]);
      await store.close();
    });

    test('an outage that begins when a former one began is that one, going on', async () => {
      const store = await openNew();
      const health = { state: 'down', since: START, streak: 0 } as const;
      await store.putHealth('ap', health, { kind: 'open', from: START });
      await store.putHealth('ap', health, { kind: 'close', to: START + MINUTE });
      await store.putHealth('ap', health, { kind: 'open', from: START });
      expect(await store.outages('ap', { from: START, to: START + HOUR })).toEqual([{ from: START }]);
      await store.close();
    });

    test('an outage keeps its cause, may get another, and may go on for another reason', async () => {
      const store = await openNew();
      const health = { state: 'parent-down', since: START, streak: 0, changes: [START], bootAt: START } as const;
      const at = (minute: number) => START + minute * MINUTE;
      await store.putHealth('ap', health, { kind: 'open', from: at(0) });
      await store.putHealth('ap', health, { kind: 'open', from: at(0), cause: 'uplink' });
      await store.putHealth('ap', health, { kind: 'turn', at: at(1) });
      await store.putHealth('ap', health, { kind: 'close', to: at(2), cause: 'power' });
      await store.putHealth('ap', health, { kind: 'open', from: at(3), cause: 'agent' });
      await store.putHealth('ap', health, { kind: 'close', to: at(4) });
      expect(await store.outages('ap', WHOLE_TIME)).toEqual([
        { from: at(0), to: at(1), cause: 'uplink' },
        { from: at(1), to: at(2), cause: 'power' },
        { from: at(3), to: at(4), cause: 'agent' },
      ]);
      expect((await store.allHealth()).get('ap')).toEqual({ health });
      await store.close();
    });

    test('a window of maintenance is found while it lasts, ended early or not, and forgotten with the outages', async () => {
      const store = await openNew();
      const work = {
        id: 'a',
        reason: 'new switch',
        sites: ['rathaus'],
        accessPoints: [],
        from: START,
        to: START + HOUR,
      };
      await store.putMaintenance(work);
      const late = { from: START + 10 * MINUTE, to: START + HOUR };
      expect(await store.maintenance(late)).toEqual([work]);
      const ended = { ...work, endedAt: START + 10 * MINUTE };
      await store.putMaintenance(ended);
      expect(await store.maintenance(late)).toEqual([]);
      expect(await store.maintenance(WHOLE_TIME)).toEqual([ended]);
      await store.forget(START + HOUR, { historyBefore: START + 10 * MINUTE });
      expect(await store.maintenance(WHOLE_TIME)).toEqual([]);
      await store.close();
    });

    test('a clock that was a day ahead and is right again leaves no unwatched time behind', async () => {
      const store = await openNew();
      await store.watch(START, MINUTE);
      await store.watch(START + 24 * HOUR, MINUTE);
      await store.watch(START + MINUTE, MINUTE);
      const window = { from: START, to: START + MINUTE };
      expect(await store.unwatched(window, MINUTE)).toEqual([window]);
      await store.watch(START + 2 * MINUTE, MINUTE);
      expect(await store.unwatched({ from: START + MINUTE, to: START + 2 * MINUTE }, MINUTE)).toEqual([]);
      await store.close();
    });

    test('forget removes each class of record at its time and nothing before', async () => {
      const store = await openNew();
      const { grant } = await store.putGrant(request(1, { withCredential: true }));
      await store.applyAccounting(event('start', 0, { sessionId: 'runs' }));
      await store.applyAccounting(event('stop', 0, { sessionId: 'stopped' }));
      await store.putHealth('ap', { state: 'up', since: START, streak: 0 }, { kind: 'open', from: START });
      await store.putHealth('ap', { state: 'up', since: START, streak: 0 }, { kind: 'close', to: START + HOUR });
      const stopped = () => store.getSession('gw-1', 'stopped');

      await store.forget(START + SESSION_AFTERGLOW_MS - 1, { historyBefore: START });
      expect(await stopped()).toBeDefined();
      await store.forget(START + SESSION_AFTERGLOW_MS, { historyBefore: START });
      expect(await stopped()).toBeUndefined();
      expect(await store.getSession('gw-1', 'runs')).toBeDefined();

      await store.forget(START + HOUR, { historyBefore: START + HOUR - 1 });
      expect(await store.getGrant(grant.id, START)).toBeUndefined();
      expect(await store.outages('ap', WHOLE_TIME)).toHaveLength(1);
      expect(await store.siteUsage('rathaus', WHOLE_TIME)).toEqual([]);
      expect(await store.acceptances('rathaus', WHOLE_TIME)).toEqual([]);
      await store.forget(START + HOUR, { historyBefore: START + HOUR });
      expect(await store.outages('ap', WHOLE_TIME)).toEqual([]);
      await store.close();
    });

    test('a town of many records is swept completely', async () => {
      const store = await openNew();
      const ids = Array.from({ length: 1201 }, (_, i) => i);
      const id = (i: number) => ({ sessionId: `s-${i}`, site: `site-${i % 7}` });
      await Promise.all(ids.map((i) => store.applyAccounting(event('start', 0, id(i)))));
      expect(await store.closeSilentSessions(START + 1, START + HOUR)).toBe(1201);
      await store.forget(START + 2 * HOUR, { historyBefore: START });
      const left = await Promise.all(ids.map((i) => store.getSession('gw-1', `s-${i}`)));
      expect(left.filter((session) => session !== undefined)).toEqual([]);
      await store.close();
    });

    test('operations after close reject', async () => {
      const store = await openNew();
      await store.close();
      await expect(store.findGrant('rathaus', device(1), START)).rejects.toMatchObject({ code: 'STORE_CLOSED' });
      await expect(store.putGrant(request(1))).rejects.toMatchObject({ code: 'STORE_CLOSED' });
      await expect(store.check()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
      await store.close();
    });

    test('close waits for what is under way', async () => {
      const place = `contract-${++places}`;
      const store = await open({ ...CONTEXT, place });
      const pending = Array.from({ length: 20 }, (_, i) =>
        store.applyAccounting(event('start', 0, { sessionId: `${i}` })),
      );
      await store.close();
      await Promise.all(pending);
      const again = await open({ ...CONTEXT, place });
      expect((await again.countSessions()).get('rathaus')).toBe(20);
      await again.close();
    });

    test('random operations, with restarts in between, give the same answers as the model', async () => {
      const restart = 'restart' as const;
      const commands = fc.array(
        fc.oneof({ weight: 25, arbitrary: anyCommand }, { weight: 1, arbitrary: fc.constant(restart) }),
        {
          minLength: 10,
          maxLength: 60,
          size: 'max',
        },
      );
      await fc.assert(
        fc.asyncProperty(commands, async (list) => {
          const place = `contract-${++places}`;
          const real = new Run(await open({ ...CONTEXT, place }));
          const model = new Run(modelStore(TIME_ZONE));
          try {
            for (const command of list) {
              if (command === restart) {
                await real.store.close();
                real.store = await open({ ...CONTEXT, place });
              } else {
                const answer = real.alias(await command.run(real));
                expect(answer).toEqual(model.alias(await command.run(model)));
              }
            }
            expect(await observe(real)).toEqual(await observe(model));
          } finally {
            await real.store.close();
          }
        }),
        { numRuns: randomLists },
      );
    });
  });
}
