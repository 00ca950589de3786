import fc from 'fast-check';
import type { Usage } from '../../core/session';
import { HOUR, MINUTE, SECOND } from '../../core/time';
import { SESSION_AFTERGLOW_MS, type Store } from '../../store/store';
import { event, request, START, type Subject, WHOLE_TIME } from './fixtures';

/** Accounting: sessions, totals, what runs. */
export function sessionsContract(subject: Subject): void {
  let store: Store;
  let site: string;
  beforeEach(() => {
    ({ store, site } = subject());
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

    test('totals stop at the largest exact number, and those of others go on', async () => {
      const { grant } = await store.putGrant(request(1, { site }));
      const most = { downloadOctets: Number.MAX_SAFE_INTEGER, uploadOctets: Number.MAX_SAFE_INTEGER };
      const of = (number: number) => ({ site, sessionId: `${sessionId()}-${number}`, grantId: grant.id });
      await Promise.all(
        [1, 2, 3].map((number) => store.applyAccounting(event('interim', 0, { ...of(number), ...most }))),
      );
      await store.applyAccounting(event('interim', 0, { ...of(4), downloadOctets: 1 }));
      expect(await store.siteUsage(site, WHOLE_TIME)).toEqual([
        { hour: START - 30 * MINUTE, ...usage({ sessions: 4, ...most }) },
      ]);
      expect((await store.getGrant(grant.id, START))?.usedOctets).toBe(Number.MAX_SAFE_INTEGER);
    });

    test('a session whose id was another one of the same grant, forgotten since, adds its octets all the same', async () => {
      const { grant } = await store.putGrant(request(1, { site }));
      const of = { site, sessionId: sessionId(), grantId: grant.id };
      await store.applyAccounting(event('start', 0, of));
      await store.applyAccounting(event('stop', 60, { ...of, seconds: 60, downloadOctets: 7 }));
      await store.forget(START + 60 * SECOND + SESSION_AFTERGLOW_MS, { historyBefore: START });
      expect(await store.getSession('gw-1', of.sessionId)).toBeUndefined();
      await store.applyAccounting(event('start', 600, of));
      await store.applyAccounting(event('interim', 660, { ...of, seconds: 60, downloadOctets: 5 }));
      expect((await store.getGrant(grant.id, START + 660 * SECOND))?.usedOctets).toBe(12);
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
      expect(await store.closeSessionsOf(gateway, START + MINUTE, START + MINUTE)).toBe(1);
      expect(await store.closeSessionsOf(gateway, START + MINUTE, START + MINUTE)).toBe(0);
      expect((await store.countSessions()).get(site)).toBe(1);
    });

    test('an Accounting-On that comes late leaves the sessions that began after it', async () => {
      const gateway = `gw-${site}`;
      await store.applyAccounting(event('start', 0, { site, gateway, sessionId: 'before' }));
      await store.applyAccounting(event('start', 60, { site, gateway, sessionId: 'after' }));
      expect(await store.closeSessionsOf(gateway, START + 60 * SECOND, START + HOUR)).toBe(1);
      expect(await store.closeSessionsOf(gateway, START + 61 * SECOND, START + HOUR)).toBe(1);
    });

    test('a report that cannot be kept takes none of those with it that come at the same time', async () => {
      const reports = ['a', 'x'.repeat(9_000), 'b'].map((sessionId) =>
        store.applyAccounting(event('start', 0, { site, gateway: `gw-${site}`, sessionId })),
      );
      const results = await Promise.allSettled(reports);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((await store.countSessions()).get(site)).toBe(2);
      expect((await store.siteUsage(site, WHOLE_TIME))[0]?.sessions).toBe(2);
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
}
