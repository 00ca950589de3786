import { MINUTE, SECOND } from '../../core/time';
import { MOST_WAITING, type Store } from '../../store/store';
import { START } from './fixtures';

/** Visitors that a gateway fetches: what every driver must do. `openNew` opens an empty store. */
export function waitingContract(name: string, openNew: () => Promise<Store>): void {
  describe(`${name}: visitors that a gateway fetches`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await openNew();
    });
    afterEach(() => store.close());

    const visitor = (id: string, seconds = 0, gateway = 'gw-1') => ({
      gateway,
      id,
      line: `line of ${id}`,
      since: START + seconds * SECOND,
      expiresAt: START + seconds * SECOND + MINUTE,
    });
    const told = async (limit = 4, gateway = 'gw-1') =>
      (await store.takeWaiting(gateway, limit, START + 5 * SECOND)).map(({ id }) => id);

    test('each gateway is told of its own visitors, until it says that they are in', async () => {
      await store.putWaiting(visitor('a'));
      await store.putWaiting(visitor('b', 1));
      await store.putWaiting(visitor('c', 0, 'gw-2'));
      expect(await store.takeWaiting('gw-1', 4, START)).toEqual([visitor('a'), visitor('b', 1)]);
      await store.settleWaiting('gw-1', ['a', 'c', 'unknown']);
      expect(await told()).toEqual(['b']);
      expect(await told(4, 'gw-2')).toEqual(['c']);
      expect(await store.isWaiting('gw-1', 'a', START)).toBe(false);
      expect(await store.isWaiting('gw-1', 'b', START)).toBe(true);
    });

    test('those who cannot be let in do not keep others from their turn', async () => {
      for (const [second, id] of ['a', 'b', 'c'].entries()) await store.putWaiting(visitor(id, second));
      expect(await told(2)).toEqual(['a', 'b']);
      expect(await told(2)).toEqual(['c', 'a']);
      expect(await told(2)).toEqual(['b', 'c']);
    });

    test('who accepts again is there once, as new', async () => {
      await store.putWaiting(visitor('a'));
      await told();
      await store.putWaiting({ ...visitor('a', 2), line: 'another' });
      expect(await store.takeWaiting('gw-1', 4, START)).toEqual([{ ...visitor('a', 2), line: 'another' }]);
    });

    test('one whom the gateway never lets in is forgotten when the time is over', async () => {
      await store.putWaiting(visitor('a'));
      expect(await store.isWaiting('gw-1', 'a', START + MINUTE - 1)).toBe(true);
      expect(await store.isWaiting('gw-1', 'a', START + MINUTE)).toBe(false);
      expect(await store.takeWaiting('gw-1', 4, START + MINUTE)).toEqual([]);
    });

    test('a flood of forged visitors fills no memory: who has waited longest goes', async () => {
      await store.putWaiting(visitor('elsewhere', 0, 'gw-2'));
      await Promise.all(Array.from({ length: MOST_WAITING + 1 }, (_, i) => store.putWaiting(visitor(`visitor ${i}`))));
      expect(await store.isWaiting('gw-1', 'visitor 0', START)).toBe(false);
      expect(await store.isWaiting('gw-1', 'visitor 1', START)).toBe(true);
      expect(await store.isWaiting('gw-1', `visitor ${MOST_WAITING}`, START)).toBe(true);
      expect(await store.isWaiting('gw-2', 'elsewhere', START)).toBe(true);
    });

    test('a gateway that starts anew loses whom it cannot know any more, and nobody else', async () => {
      await store.putWaiting(visitor('before'));
      await store.putWaiting(visitor('after', 3));
      await store.putWaiting(visitor('elsewhere', 0, 'gw-2'));
      await store.forgetWaiting('gw-1', START + 2 * SECOND);
      expect(await told()).toEqual(['after']);
      expect(await told(4, 'gw-2')).toEqual(['elsewhere']);
    });
  });
}
