import fc from 'fast-check';
import { CREDENTIAL_LIFETIME_MS } from '../../core/grant';
import type { Usage } from '../../core/session';
import { DAY, HOUR, MINUTE, SECOND } from '../../core/time';
import { SESSION_AFTERGLOW_MS, type Store } from '../../store/store';
import { anyCommand, observe, Run } from './commands';
import { CONTEXT, device, event, type OpenOptions, request, START, TIME_ZONE, WHOLE_TIME } from './fixtures';
import { modelStore } from './model';

/** What every driver must do. `open` is called again with the same place for a restart. */
export function storeContract(name: string, open: (options: OpenOptions) => Promise<Store>): void {
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

    describe('grants', () => {
      test('a grant is found by its device and its id until it expires', async () => {
        const { grant } = await store.putGrant(request(1, { site }));
        expect(grant).toMatchObject({
          site,
          gateway: 'gw-1',
          acceptedAt: START,
          expiresAt: START + HOUR,
          usedOctets: 0,
        });
        expect(Object.keys(grant)).not.toContain('device');
        expect(await store.findGrant(site, device(1), START + HOUR - 1)).toEqual(grant);
        expect(await store.getGrant(grant.id, START + HOUR - 1)).toEqual(grant);
        expect(await store.findGrant(site, device(1), START + HOUR)).toBeUndefined();
        expect(await store.getGrant(grant.id, START + HOUR)).toBeUndefined();
      });

      test('another device and another site have no grant', async () => {
        await store.putGrant(request(1, { site }));
        expect(await store.findGrant(site, device(2), START)).toBeUndefined();
        expect(await store.findGrant('elsewhere', device(1), START)).toBeUndefined();
      });

      test('renewing keeps id and octets and takes the new end, gateway and terms', async () => {
        const { grant } = await store.putGrant(request(1, { site }));
        await store.applyAccounting(event('start', 0, { site, sessionId: site, grantId: grant.id, downloadOctets: 9 }));
        const now = START + 30 * MINUTE;
        const renewed = await store.putGrant(request(1, { site, now, gateway: 'gw-2', termsVersion: '2027-01' }));
        expect(renewed.grant).toEqual({
          ...{ ...grant, gateway: 'gw-2', termsVersion: '2027-01' },
          ...{ acceptedAt: now, expiresAt: now + HOUR, usedOctets: 9 },
        });
        expect(await store.findGrant(site, device(1), now)).toEqual(renewed.grant);
      });

      test('after the key of the day has changed an older grant is still found, and renewing replaces it', async () => {
        const { grant } = await store.putGrant(request(1, { site, expiresAt: START + 20 * HOUR }));
        const morning = START + 10 * HOUR;
        expect(await store.findGrant(site, device(1), morning)).toEqual(grant);
        const renewed = await store.putGrant(request(1, { site, now: morning }));
        expect(renewed.grant.id).not.toBe(grant.id);
        expect(renewed.grant.usedOctets).toBe(0);
        expect(await store.getGrant(grant.id, morning)).toBeUndefined();
        expect(await store.findGrant(site, device(1), morning)).toEqual(renewed.grant);
      });

      test('an ended grant is gone, and ending it again says so', async () => {
        const { grant } = await store.putGrant(request(1, { site }));
        expect(await store.endGrant(grant.id, START)).toBe(true);
        expect(await store.endGrant(grant.id, START)).toBe(false);
        expect(await store.findGrant(site, device(1), START)).toBeUndefined();
      });

      test('acceptances are counted by site, hour, terms version and language', async () => {
        await store.putGrant(request(1, { site }));
        await store.putGrant(request(1, { site }));
        await store.putGrant(request(2, { site, language: 'en' }));
        await store.putGrant(request(3, { site, now: START + HOUR, termsVersion: '2027-01' }));
        const hour = START - 30 * MINUTE;
        const counts = [
          { hour, termsVersion: '2026-11', language: 'de', count: 2 },
          { hour, termsVersion: '2026-11', language: 'en', count: 1 },
          { hour: hour + HOUR, termsVersion: '2027-01', language: 'de', count: 1 },
        ];
        expect(await store.acceptances(site, WHOLE_TIME)).toEqual(counts);
        expect(await store.acceptances(site, { from: hour + HOUR - 1, to: hour + HOUR })).toEqual(counts.slice(0, 2));
        expect(await store.acceptances(site, { from: hour + HOUR, to: hour + DAY })).toEqual(counts.slice(2));
      });

      test('many devices that accept at the same time at a new site all get their grant', async () => {
        const granted = await Promise.all(Array.from({ length: 100 }, (_, i) => store.putGrant(request(i, { site }))));
        expect(new Set(granted.map(({ grant }) => grant.id)).size).toBe(100);
        const found = await Promise.all(granted.map((_, i) => store.findGrant(site, device(i), START)));
        expect(found).toEqual(granted.map(({ grant }) => grant));
      });
    });

    describe('credentials', () => {
      async function issue() {
        const { grant, credential } = await store.putGrant(request(1, { site, withCredential: true }));
        if (credential === undefined) throw new Error('no credential');
        return {
          grant,
          credential,
          take: { username: credential.username, gateway: 'gw-1', device: device(1), now: START },
        };
      }

      test('a credential lives for two minutes and its password can be derived again', async () => {
        const { credential } = await issue();
        expect(credential.expiresAt).toBe(START + CREDENTIAL_LIFETIME_MS);
        expect(credential.password).toHaveLength(16);
        expect(store.credentialPassword(credential.username)).toBe(credential.password);
        expect(store.credentialPassword('somebody-else')).not.toBe(credential.password);
      });

      test('however many redeem it at the same time, exactly one gets the grant', async () => {
        const { grant, take } = await issue();
        const answers = await Promise.all(Array.from({ length: 50 }, () => store.takeCredential(take)));
        expect(answers.filter(({ ok }) => ok)).toEqual([{ ok: true, grant }]);
        expect(answers.filter(({ ok }) => !ok)).toEqual(Array(49).fill({ ok: false, reason: 'credential-used' }));
      });

      test.each([
        ['credential-unknown', { username: 'never-issued' }],
        ['credential-unknown', { now: START + CREDENTIAL_LIFETIME_MS }],
        ['credential-other-gateway', { gateway: 'gw-2' }],
        ['credential-other-device', { device: device(2) }],
      ])('%s is the reason for %o, and the credential stays good', async (reason, changes) => {
        const { take } = await issue();
        expect(await store.takeCredential({ ...take, ...changes })).toEqual({ ok: false, reason });
        expect(await store.takeCredential(take)).toMatchObject({ ok: true });
      });

      test('the credential of a grant that ended is worth nothing', async () => {
        const { grant, take } = await issue();
        await store.endGrant(grant.id, START);
        expect(await store.takeCredential(take)).toEqual({ ok: false, reason: 'grant-expired' });
      });
    });

    describe('sessions', () => {
      const usage = (over: Partial<Usage> & { sessions?: number } = {}) => {
        return { sessions: 0, seconds: 0, downloadOctets: 0, uploadOctets: 0, ...over };
      };
      const sessionId = () => `session-${site}`;

      test('Start, Interim and Stop add up in the hour of the event, in the grant and in the count', async () => {
        const { grant } = await store.putGrant(request(1, { site }));
        const of = { site, sessionId: sessionId(), grantId: grant.id };
        expect(await store.applyAccounting(event('start', 0, of))).toEqual(usage({ sessions: 1 }));
        expect((await store.countSessions()).get(site)).toBe(1);
        const interim = event('interim', 600, { ...of, seconds: 600, downloadOctets: 1000, uploadOctets: 50 });
        const added = usage({ seconds: 600, downloadOctets: 1000, uploadOctets: 50 });
        expect(await store.applyAccounting(interim)).toEqual(added);
        expect(await store.applyAccounting(interim)).toEqual(usage());
        const stop = event('stop', 2400, { ...of, seconds: 2400, downloadOctets: 5000, uploadOctets: 70 });
        expect(await store.applyAccounting(stop)).toEqual(
          usage({ seconds: 1800, downloadOctets: 4000, uploadOctets: 20 }),
        );
        expect((await store.countSessions()).get(site)).toBeUndefined();

        const hour = START - 30 * MINUTE;
        expect(await store.siteUsage(site, WHOLE_TIME)).toEqual([
          { hour, ...usage({ sessions: 1, seconds: 600, downloadOctets: 1000, uploadOctets: 50 }) },
          { hour: hour + HOUR, ...usage({ seconds: 1800, downloadOctets: 4000, uploadOctets: 20 }) },
        ]);
        expect((await store.getGrant(grant.id, START))?.usedOctets).toBe(5070);
      });

      test('packets of one session in any order and repeated give the same totals', async () => {
        const packets = [
          event('start', 0),
          event('interim', 300, { seconds: 300, downloadOctets: 10, uploadOctets: 1 }),
          event('interim', 600, { seconds: 600, downloadOctets: 20, uploadOctets: 2 }),
          event('stop', 900, { seconds: 900, downloadOctets: 30, uploadOctets: 3 }),
        ];
        const orders = fc.shuffledSubarray([...packets, ...packets], { minLength: 8 });
        let run = 0;
        await fc.assert(
          fc.asyncProperty(orders, async (order) => {
            const here = `${site}-${++run}`;
            for (const packet of order) await store.applyAccounting({ ...packet, site: here, sessionId: here });
            const [total] = await store.siteUsage(here, WHOLE_TIME);
            expect(total).toMatchObject(usage({ sessions: 1, seconds: 900, downloadOctets: 30, uploadOctets: 3 }));
            expect((await store.countSessions()).get(here)).toBeUndefined();
          }),
          { numRuns: 15 },
        );
      });

      test('one session id that goes Start, Stop, Start, Interim, Stop is one session and adds up', async () => {
        const of = { site, sessionId: sessionId() };
        await store.applyAccounting(event('start', 0, of));
        await store.applyAccounting(event('stop', 60, { ...of, seconds: 60, downloadOctets: 700 }));
        await store.applyAccounting(event('start', 61, of));
        expect((await store.countSessions()).get(site)).toBe(1);
        await store.applyAccounting(event('interim', 361, { ...of, seconds: 300, downloadOctets: 400 }));
        await store.applyAccounting(event('stop', 461, { ...of, seconds: 400, downloadOctets: 500 }));
        const [total] = await store.siteUsage(site, WHOLE_TIME);
        expect(total).toMatchObject(usage({ sessions: 1, seconds: 460, downloadOctets: 1200 }));
      });

      test('a stopped session leads to no grant any more, but late packets still find it', async () => {
        const { grant } = await store.putGrant(request(1, { site }));
        const of = { site, sessionId: sessionId(), grantId: grant.id };
        await store.applyAccounting(event('start', 0, of));
        expect((await store.getSession('gw-1', of.sessionId))?.grantId).toBe(grant.id);
        await store.applyAccounting(event('stop', 60, { ...of, seconds: 60, uploadOctets: 5 }));
        const late = event('interim', 50, { ...of, seconds: 50, uploadOctets: 4 });
        expect(await store.applyAccounting(late)).toEqual(usage());
        expect(await store.getSession('gw-1', of.sessionId)).toMatchObject({ sessionId: of.sessionId, site });
        expect(await store.getSession('gw-1', of.sessionId)).not.toHaveProperty('grantId');
        expect(await store.getSession('gw-2', of.sessionId)).toBeUndefined();
      });

      test('a gateway whose clock runs ahead adds to the present hour', async () => {
        const ahead = event('start', 5 * 3600, { site, sessionId: sessionId(), receivedAt: START });
        await store.applyAccounting(ahead);
        expect(await store.siteUsage(site, WHOLE_TIME)).toEqual([
          { hour: START - 30 * MINUTE, ...usage({ sessions: 1 }) },
        ]);
      });

      test('Accounting-On closes what runs at that gateway and nothing else', async () => {
        const gateway = `gw-${site}`;
        await store.applyAccounting(event('start', 0, { site, gateway, sessionId: '1' }));
        await store.applyAccounting(event('start', 0, { site, gateway, sessionId: '2' }));
        await store.applyAccounting(event('stop', 1, { site, gateway, sessionId: '2' }));
        await store.applyAccounting(event('start', 0, { site, gateway: `${gateway}-2`, sessionId: '3' }));
        expect(await store.closeSessionsOf(gateway, START + MINUTE)).toBe(1);
        expect(await store.closeSessionsOf(gateway, START + MINUTE)).toBe(0);
        expect((await store.countSessions()).get(site)).toBe(1);
      });

      test('a silent session is closed, and goes on when the gateway reports on it again', async () => {
        const of = { site, sessionId: sessionId() };
        await store.applyAccounting(event('interim', 600, { ...of, seconds: 600, downloadOctets: 50 }));
        const since = START + 600 * SECOND;
        await store.closeSilentSessions(since, START + HOUR);
        expect((await store.countSessions()).get(site)).toBe(1);
        expect(await store.closeSilentSessions(since + 1, START + HOUR)).toBeGreaterThanOrEqual(1);
        expect((await store.countSessions()).get(site)).toBeUndefined();
        const again = event('interim', 4200, { ...of, seconds: 4200, downloadOctets: 80 });
        expect(await store.applyAccounting(again)).toEqual(usage({ seconds: 3600, downloadOctets: 30 }));
        expect((await store.countSessions()).get(site)).toBe(1);
      });
    });

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
    });
  });

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
        { numRuns: 40 },
      );
    });
  });
}
