import { HOUR, MINUTE, SECOND } from '../../core/time';
import type { Store } from '../../store/store';
import { device, event, request, START, WHOLE_TIME } from './fixtures';

/** What the rules of a site need: what was used today, exams, new limits. `openNew` opens an empty store. */
export function siteRulesContract(name: string, openNew: () => Promise<Store>): void {
  describe(`${name}: site rules`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await openNew();
    });
    afterEach(() => store.close());

    const session = { gateway: 'gw-1', sessionId: 's-1' };
    const at = (minutes: number) => START + minutes * MINUTE;
    const used = async (minutes: number) => store.usedToday('rathaus', device(1), at(minutes));
    const uses = (grantId: string, octets: number) =>
      store.applyAccounting(event('interim', 60, { grantId, downloadOctets: octets }));

    describe('one shown page', () => {
      test('accepted twice is one acceptance, and the time granted does not begin anew', async () => {
        const first = await store.putGrant(request(1, { shownAt: at(-5) }));
        const again = request(1, { shownAt: at(-5), now: at(2), gateway: 'gw-2', withCredential: true });
        const { grant, credential } = await store.putGrant(again);
        expect(grant).toEqual({ ...first.grant, gateway: 'gw-2' });
        expect(credential).toBeDefined();
        expect(await store.acceptances('rathaus', WHOLE_TIME)).toMatchObject([{ count: 1 }]);
      });

      test('another one, shown later, is another acceptance', async () => {
        await store.putGrant(request(1, { shownAt: at(-5) }));
        const { grant } = await store.putGrant(request(1, { shownAt: at(1), now: at(2) }));
        expect(grant.expiresAt).toBe(at(62));
        expect(await store.acceptances('rathaus', WHOLE_TIME)).toMatchObject([{ count: 2 }]);
      });

      test('accepted again after its grant has ended is another acceptance', async () => {
        const { grant } = await store.putGrant(request(1, { shownAt: at(-5) }));
        await store.endGrant(grant.id, at(1));
        expect((await store.putGrant(request(1, { shownAt: at(-5), now: at(2) }))).grant.id).not.toBe(grant.id);
        expect(await store.acceptances('rathaus', WHOLE_TIME)).toMatchObject([{ count: 2 }]);
      });
    });

    describe('what a device uses in a day', () => {
      test('nothing of it outlives a grant where no rule counts it', async () => {
        const { grant } = await store.putGrant(request(1));
        await uses(grant.id, 7);
        await store.endGrant(grant.id, at(10));
        expect(await used(10)).toEqual({ octets: 0, seconds: 0 });
      });

      test.each(['ended', 'expired', 'expired and forgotten'])('octets count on when the grant has %s', async (how) => {
        const { grant } = await store.putGrant(request(1, { dayCount: 'volume' }));
        await uses(grant.id, 7);
        expect(await used(10)).toEqual({ octets: 7, seconds: 600 });
        if (how === 'ended') await store.endGrant(grant.id, at(60));
        if (how === 'expired and forgotten') await store.forget(at(60), { historyBefore: 0 });
        expect(await used(61)).toEqual({ octets: 7, seconds: 3600 });
        const next = await store.putGrant(request(1, { dayCount: 'volume', now: at(61) }));
        expect(next.grant).toMatchObject({ usedOctets: 7 });
        expect(next.grant.id).not.toBe(grant.id);
        await store.applyAccounting(
          event('start', 3700, { sessionId: 's-2', grantId: next.grant.id, uploadOctets: 5 }),
        );
        expect(await used(62)).toEqual({ octets: 12, seconds: 3660 });
      });

      test('a renewal keeps the octets and counts the time once', async () => {
        const { grant } = await store.putGrant(request(1, { dayCount: 'volume' }));
        await uses(grant.id, 7);
        await store.putGrant(request(1, { dayCount: 'volume', now: at(20) }));
        expect(await used(30)).toEqual({ octets: 7, seconds: 30 * 60 });
      });

      test('where only time counts no octets are kept', async () => {
        const { grant } = await store.putGrant(request(1, { dayCount: 'time' }));
        await uses(grant.id, 7);
        await store.orderEnd({ grant: grant.id }, at(1));
        expect(await used(5)).toEqual({ octets: 0, seconds: 60 });
      });

      test('a session, a site and a device of its own; and over at four in the morning', async () => {
        const { grant } = await store.putGrant(request(1, { dayCount: 'volume' }));
        await uses(grant.id, 7);
        expect(await store.usedToday('rathaus', device(2), at(1))).toEqual({ octets: 0, seconds: 0 });
        expect(await store.usedToday('schule', device(1), at(1))).toEqual({ octets: 0, seconds: 0 });
        // START is 22:30.
        expect(await used(5.5 * 60 - 1)).toEqual({ octets: 7, seconds: 3600 });
        expect(await used(5.5 * 60)).toEqual({ octets: 0, seconds: 0 });
        const next = await store.putGrant(request(1, { dayCount: 'volume', now: at(5.5 * 60) }));
        expect(next.grant.usedOctets).toBe(0);
      });
    });

    describe('exams', () => {
      test('one runs until its end, and a later word replaces it', async () => {
        const exam = { site: 'schule', until: at(60) };
        await store.putExam(exam);
        expect(await store.findExam('schule', at(60) - 1)).toEqual(exam);
        expect(await store.findExam('schule', at(60))).toBeUndefined();
        expect(await store.findExam('rathaus', at(1))).toBeUndefined();
        await store.putExam({ site: 'schule', until: at(90) });
        await store.putExam({ site: 'rathaus', until: at(5) });
        expect(await store.exams(at(5))).toEqual(new Map([['schule', { site: 'schule', until: at(90) }]]));
      });

      test('it is ended once, and forgotten when it is over', async () => {
        await store.putExam({ site: 'schule', until: at(60) });
        expect(await store.endExam('schule', at(1))).toBe(true);
        expect(await store.endExam('schule', at(1))).toBe(false);
        await store.putExam({ site: 'schule', until: at(60) });
        await store.forget(at(60), { historyBefore: 0 });
        expect(await store.exams(at(1))).toEqual(new Map());
      });
    });

    describe('the end for who accepted before', () => {
      test('visitors who accepted since stay', async () => {
        const old = await store.putGrant(request(1));
        const fresh = await store.putGrant(request(2, { now: at(10) }));
        for (const [i, { grant }] of [old, fresh].entries()) {
          await store.applyAccounting(event('start', 700, { sessionId: `s-${i}`, grantId: grant.id }));
        }
        await store.applyAccounting(event('start', 10, { sessionId: 'unnamed' }));
        await store.applyAccounting(event('start', 700, { sessionId: 'unnamed-later' }));
        const ended = await store.orderEnd({ site: 'rathaus', acceptedBefore: at(10) }, at(20));
        expect(ended.grants).toBe(1);
        expect(ended.sessions.map(({ sessionId }) => sessionId).sort()).toEqual(['s-0', 'unnamed']);
        expect(await store.findGrant('rathaus', device(2), at(20))).toEqual(fresh.grant);
      });

      test('all sessions under an older grant of another site end together', async () => {
        const { grant } = await store.putGrant(request(1, { site: 'schule' }));
        for (const sessionId of ['s-1', 's-2', 's-3']) {
          await store.applyAccounting(event('start', 900, { sessionId, grantId: grant.id }));
        }
        const ended = await store.orderEnd({ site: 'rathaus', acceptedBefore: at(10) }, at(20));
        expect(ended.grants).toBe(1);
        expect(ended.sessions.map(({ sessionId }) => sessionId)).toEqual(['s-1', 's-2', 's-3']);
      });

      test('of sessions whose grant nobody knows each is as old as itself', async () => {
        for (const [sessionId, after] of [
          ['s-1', 0],
          ['s-2', 900],
        ] as const) {
          await store.applyAccounting(event('start', after, { sessionId, grantId: 'A'.repeat(22) }));
        }
        const ended = await store.orderEnd({ site: 'rathaus', acceptedBefore: at(10) }, at(20));
        expect(ended.sessions.map(({ sessionId }) => sessionId)).toEqual(['s-1']);
      });
    });

    describe('new limits', () => {
      const online = async () => {
        const { grant } = await store.putGrant(request(1));
        await store.applyAccounting(event('start', 0, { grantId: grant.id, username: 'a-word-of-ours' }));
      };

      test('an order for each running session of the scope, and the sessions go on', async () => {
        await online();
        await store.applyAccounting(event('stop', 1, { sessionId: 'over' }));
        expect(await store.orderLimits({ site: 'schule' }, at(1))).toEqual([]);
        expect(await store.orderLimits({ site: 'rathaus' }, at(1))).toEqual([session]);
        expect(await store.orderLimits({ gateway: 'gw-1' }, at(1))).toEqual([session]);
        const [order] = await store.takeDueEnds(at(1), 10, at(2));
        expect(order).toMatchObject({ ...session, kind: 'limits', username: 'a-word-of-ours', tries: 1 });
        await store.settleEnd({ ...session, kind: 'limits' }, 'done', at(1));
        await store.applyAccounting(event('interim', 60, { seconds: 60 }));
        expect(await store.getEnd(session)).toMatchObject({ settled: { result: 'done' } });
        expect(await store.findGrant('rathaus', device(1), at(1))).toBeDefined();
        expect(await store.takeDueEnds(at(50), 10, at(60))).toEqual([]);
      });

      test('an order to end comes before, and is not settled by what became of the limits', async () => {
        await online();
        await store.orderLimits({ site: 'rathaus' }, at(1));
        await store.orderEnd({ site: 'rathaus' }, at(1));
        await store.settleEnd({ ...session, kind: 'limits' }, 'done', at(1));
        await store.deferEnd({ ...session, kind: 'limits' }, at(30));
        expect(await store.orderLimits({ site: 'rathaus' }, at(1))).toEqual([]);
        const [order] = await store.takeDueEnds(at(1), 10, at(2));
        expect(order?.kind).toBeUndefined();
        expect(order?.settled).toBeUndefined();
      });

      test('the end of the session settles it', async () => {
        await online();
        await store.orderLimits({ site: 'rathaus' }, START);
        await store.applyAccounting(event('stop', 2, { seconds: 2 }));
        expect(await store.getEnd(session)).toMatchObject({ settled: { at: START + 2 * SECOND, result: 'done' } });
        await store.forget(START + HOUR, { historyBefore: 0 });
        expect(await store.getEnd(session)).toBeUndefined();
      });
    });
  });
}
