import { FEEDBACK_AFTERGLOW_MS, type Feedback } from '../../core/feedback';
import { HOUR, MINUTE } from '../../core/time';
import type { Store } from '../../store/store';
import { device, event, request, START } from './fixtures';

export function feedback(number: number, changes: Partial<Feedback> = {}): Feedback {
  return {
    reference: `7K3Q-9MX${number}`,
    topic: 'accessibility',
    text: `Der Knopf ist zu klein (${number}).`,
    language: 'de',
    receivedAt: START,
    dueAt: START + HOUR,
    ...changes,
  };
}

/** What people write, and what people are told is kept about them. `openNew` opens an empty store. */
export function feedbackContract(name: string, openNew: () => Promise<Store>): void {
  describe(`${name}: feedback`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await openNew();
    });
    afterEach(() => store.close());

    test('what was written is listed as it was, the one due first first', async () => {
      const later = feedback(1, { dueAt: START + 2 * HOUR, contact: 'Ümit, Zimmer 3\n030 1', language: 'uk' });
      const sooner = feedback(2, { topic: 'other', text: 'line\nfeed, 𝓊, \0 and "quotes"' });
      expect(await store.putFeedback(later, 9)).toBe('kept');
      expect(await store.putFeedback(sooner, 9)).toBe('kept');
      expect(await store.listFeedback()).toEqual([sooner, later]);
    });

    test('a form that is sent twice is one entry', async () => {
      await store.putFeedback(feedback(1), 9);
      expect(await store.putFeedback(feedback(1, { text: 'another text' }), 9)).toBe('known');
      expect(await store.listFeedback()).toEqual([feedback(1)]);
    });

    test('no more than the limit are open at a time, however many are sent at once', async () => {
      const sent = await Promise.all([1, 2, 3, 4].map((number) => store.putFeedback(feedback(number), 2)));
      expect(sent.toSorted()).toEqual(['full', 'full', 'kept', 'kept']);
      const first = (await store.listFeedback())[0]?.reference ?? '';
      expect(await store.closeFeedback(first, START)).toBe(true);
      expect(await store.putFeedback(feedback(5), 2)).toBe('kept');
    });

    test('an entry is done once, and what is open and overdue is counted', async () => {
      await store.putFeedback(feedback(1), 9);
      await store.putFeedback(feedback(2, { dueAt: START + 2 * HOUR }), 9);
      expect(await store.countFeedback(START + HOUR - 1)).toEqual({ open: 2, overdue: 0 });
      expect(await store.countFeedback(START + HOUR)).toEqual({ open: 2, overdue: 1 });
      expect(await store.closeFeedback('7K3Q-9MX1', START + HOUR)).toBe(true);
      expect(await store.closeFeedback('7K3Q-9MX1', START + HOUR)).toBe(false);
      expect(await store.closeFeedback('never-sent', START + HOUR)).toBe(false);
      expect(await store.countFeedback(START + HOUR)).toEqual({ open: 1, overdue: 0 });
      expect(await store.listFeedback()).toEqual([
        feedback(1, { doneAt: START + HOUR }),
        feedback(2, { dueAt: START + 2 * HOUR }),
      ]);
    });

    test('what is done is forgotten after a month, what is open never', async () => {
      await store.putFeedback(feedback(1), 9);
      await store.putFeedback(feedback(2), 9);
      await store.closeFeedback('7K3Q-9MX1', START);
      await store.forget(START + FEEDBACK_AFTERGLOW_MS - 1, { historyBefore: START });
      expect(await store.listFeedback()).toHaveLength(2);
      await store.forget(START + FEEDBACK_AFTERGLOW_MS, { historyBefore: START + 9 * FEEDBACK_AFTERGLOW_MS });
      expect(await store.listFeedback()).toEqual([feedback(2)]);
    });
  });

  describe(`${name}: what is kept about an acceptance`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await openNew();
    });
    afterEach(() => store.close());

    test('its grant and the sessions that run under it, and nothing of others', async () => {
      const { grant } = await store.putGrant(request(1));
      const other = await store.putGrant(request(2));
      for (const [sessionId, grantId] of [
        ['mine', grant.id] as const,
        ['other', other.grant.id] as const,
        ['none'] as const,
      ]) {
        await store.applyAccounting(event('start', 0, { sessionId, ...(grantId !== undefined && { grantId }) }));
      }
      await store.applyAccounting(event('interim', 60, { sessionId: 'mine', seconds: 60, downloadOctets: 7 }));
      const held = await store.recordsOf(grant.id);
      expect(held.grant).toEqual({ ...grant, usedOctets: 7 });
      expect(held.sessions).toEqual([await store.getSession('gw-1', 'mine')]);
      expect(JSON.stringify(held)).not.toContain('device');
      expect(device(1).equals(device(2))).toBe(false);
    });

    test('what its device used before on the same day, where that is kept', async () => {
      const day = { dayCount: 'time' as const };
      const { grant } = await store.putGrant(request(1, day));
      await store.endGrant(grant.id, START + MINUTE);
      const again = await store.putGrant(request(1, { ...day, now: START + 2 * MINUTE }));
      expect((await store.recordsOf(again.grant.id)).usedBefore).toEqual({ octets: 0, seconds: 60 });
      expect(await store.recordsOf(grant.id)).toEqual({ sessions: [] });
    });

    test('a session that is over does not lead to it any more', async () => {
      const { grant } = await store.putGrant(request(1));
      await store.applyAccounting(event('start', 0, { grantId: grant.id }));
      await store.applyAccounting(event('stop', 60, { seconds: 60 }));
      expect(await store.recordsOf(grant.id)).toEqual({ grant, sessions: [] });
    });

    test('after its end was ordered, only the session that its gateway still runs is left, and then nothing', async () => {
      const { grant } = await store.putGrant(request(1));
      await store.applyAccounting(event('start', 0, { grantId: grant.id }));
      await store.orderEnd({ grant: grant.id }, START + MINUTE);
      const held = await store.recordsOf(grant.id);
      expect(held.grant).toBeUndefined();
      expect(held.sessions).toHaveLength(1);
      await store.applyAccounting(event('stop', 61, { seconds: 61 }));
      expect(await store.recordsOf(grant.id)).toEqual({ sessions: [] });
    });

    test.each(['never-drawn', 'AAAAAAAAAAAAAAAAAAAAAA', ''])('of %j there is nothing', async (id) => {
      expect(await store.recordsOf(id)).toEqual({ sessions: [] });
    });
  });
}
