import { MINUTE, type Millis, SECOND } from '../../core/time';
import type { Store } from '../../store/store';
import { START } from './fixtures';

const WORK = 'access-points';
const PIECES = 64;

/** Work that processes share: what every driver must do. `openNew` opens an empty store. */
export function leasesContract(name: string, openNew: () => Promise<Store>): void {
  describe(`${name}: work that processes share`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await openNew();
    });
    afterEach(() => store.close());

    const claim = (holder: string, after: Millis = 0, able = true, span: Millis = MINUTE) => {
      const now = START + after;
      return store.claim({ work: WORK, pieces: PIECES, holder, now, until: now + span, able });
    };
    /** Claims and gives up at once what others shall have. */
    const share = async (holder: string, after: Millis = 0) => {
      const { held, excess } = await claim(holder, after);
      if (excess.length > 0) await store.giveUp(WORK, holder, excess);
      return held.filter((piece) => !excess.includes(piece));
    };

    test('who is alone has all; who comes gets an even share, and nothing before it was given up', async () => {
      expect(await claim('a')).toMatchObject({ held: Array.from({ length: PIECES }, (_, i) => i), others: 0 });
      expect(await claim('b')).toEqual({ held: [], taken: [], excess: [], others: 1, agreed: true });
      const { held, excess } = await claim('a');
      expect([held.length, excess.length]).toEqual([64, 32]);
      expect((await claim('b')).held).toEqual([]);
      await store.giveUp(WORK, 'a', excess);
      expect((await claim('b')).held).toEqual(excess);
      expect(await claim('a')).toMatchObject({ excess: [], others: 1 });
    });

    test('what somebody has who is not heard of any more goes to the others, what somebody leaves at once', async () => {
      for (const holder of ['a', 'b', 'a', 'b']) await share(holder);
      expect(await share('b', MINUTE - 1)).toHaveLength(32);
      expect(await share('b', MINUTE)).toHaveLength(64);
      await store.giveUp(WORK, 'b');
      expect(await claim('c', MINUTE)).toMatchObject({ others: 0, excess: [] });
    });

    test('who comes back late hears whether others may have had its pieces meanwhile', async () => {
      const all = Array.from({ length: PIECES }, (_, i) => i);
      expect(await claim('a')).toMatchObject({ taken: all });
      expect(await claim('a', 5 * MINUTE)).toMatchObject({ held: all, taken: [] });
      await claim('b', 7 * MINUTE);
      await store.giveUp(WORK, 'b');
      expect(await claim('a', 8 * MINUTE)).toMatchObject({ held: all, taken: all });
    });

    test('who is not able gets nothing as long as somebody is, and goes on if nobody is', async () => {
      expect((await claim('a', 0, false)).held).toHaveLength(64);
      expect(await claim('b')).toMatchObject({ held: [] });
      expect((await claim('a', 0, false)).excess).toHaveLength(64);
      expect(await claim('b', 0, false)).toMatchObject({ held: [], others: 0 });
      expect(await claim('a', 0, false)).toMatchObject({
        others: 0,
        excess: Array.from({ length: 32 }, (_, i) => i + 32),
      });
    });

    test('who had a clock that was ahead keeps nothing for hours', async () => {
      expect((await claim('a', 60 * MINUTE)).held).toHaveLength(64);
      expect((await claim('b')).held).toHaveLength(64);
    });

    test('who asks more often, or more seldom, than before takes nothing from others', async () => {
      for (const holder of ['a', 'b', 'a', 'b']) await share(holder);
      expect(await claim('b', SECOND, true, 10 * SECOND)).toMatchObject({ taken: [], others: 1 });
      expect(await claim('a', 2 * SECOND, true, 10 * MINUTE)).toMatchObject({ taken: [], others: 1 });
      expect(await claim('b', 3 * SECOND, true, 10 * SECOND)).toMatchObject({ taken: [], others: 1 });
    });

    test('everybody hears whether all know the same, as long as they are there', async () => {
      const knowing = (holder: string, knows?: string) => {
        const asked = { work: WORK, pieces: PIECES, holder, now: START, until: START + MINUTE, able: true };
        return store.claim({ ...asked, ...(knows !== undefined && { knows }) });
      };
      expect(await knowing('a', 'one')).toMatchObject({ agreed: true });
      expect(await knowing('b', 'two')).toMatchObject({ agreed: false });
      expect(await knowing('a', 'two')).toMatchObject({ agreed: true });
      await knowing('c');
      expect(await knowing('b', 'two')).toMatchObject({ agreed: false });
      await store.giveUp(WORK, 'c');
      expect(await knowing('b', 'two')).toMatchObject({ agreed: true });
    });

    test('different works have nothing to do with one another', async () => {
      await claim('a');
      const housekeeping = { work: 'housekeeping', pieces: 1, now: START, until: START + SECOND, able: true };
      expect((await store.claim({ ...housekeeping, holder: 'b' })).held).toEqual([0]);
      expect((await store.claim({ ...housekeeping, holder: 'a' })).held).toEqual([]);
    });

    test('however many claim at once, no piece has two, and all are taken in the end', async () => {
      const holders = ['a', 'b', 'c', 'd', 'e'];
      for (let round = 0; round < 4; round++) await Promise.all(holders.map((holder) => share(holder)));
      const shares = await Promise.all(holders.map((holder) => share(holder)));
      expect(shares.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: PIECES }, (_, i) => i));
      for (const one of shares) expect(one.length).toBeLessThanOrEqual(13);
    });

    test('a word serves once, however many show it at the same time', async () => {
      const now = Date.now();
      const take = (word: string) => store.takeOnce(word, now + MINUTE, now);
      const taken = await Promise.all(Array.from({ length: 20 }, () => take('a')));
      expect(taken.filter((isFirst) => isFirst)).toEqual([true]);
      expect(await take('b')).toBe(true);
      expect(await take('a')).toBe(false);
    });

    test('the health of those asked for, as far as any was kept', async () => {
      const health = { state: 'up', since: START, streak: 0, lastSeenAt: START } as const;
      await store.putHealth('ap-1', health);
      await store.putHealth('ap-2', { ...health, state: 'suspect', streak: 1 });
      expect(await store.healthOf(['ap-1', 'ap-9'])).toEqual(new Map([['ap-1', health]]));
      expect(await store.healthOf([])).toEqual(new Map());
    });
  });
}
