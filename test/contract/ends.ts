import { KEEP_OUT_AFTER_MS } from '../../core/session-end';
import { HOUR, MINUTE, SECOND } from '../../core/time';
import { SESSION_AFTERGLOW_MS, type Store } from '../../store/store';
import { device, event, request, START } from './fixtures';

/** Orders to end sessions: what every driver must do. `openNew` opens an empty store. */
export function endContract(name: string, openNew: () => Promise<Store>): void {
  describe(`${name}: the end of sessions`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await openNew();
    });
    afterEach(() => store.close());

    const session = { gateway: 'gw-1', sessionId: 's-1' };
    const later = START + MINUTE;

    async function online(number: number, changes: Partial<Parameters<typeof event>[2]> = {}) {
      const { grant } = await store.putGrant(request(number));
      await store.applyAccounting(event('start', 0, { sessionId: `s-${number}`, grantId: grant.id, ...changes }));
      return grant;
    }

    test('ordering the end of a grant ends it at once and orders its sessions only', async () => {
      const grant = await online(1, { username: 'a-word-of-ours' });
      const other = await online(2);
      expect(await store.orderEnd({ grant: grant.id }, START)).toEqual({ grants: 1, sessions: [session] });
      expect(await store.findGrant('rathaus', device(1), START)).toBeUndefined();
      expect(await store.getGrant(other.id, START)).toEqual(other);
      const order = { ...session, site: 'rathaus', username: 'a-word-of-ours', orderedAt: START };
      expect(await store.takeDueEnds(START, 10, later)).toEqual([{ ...order, dueAt: later, tries: 1 }]);
    });

    test('a site or a gateway ends with all its grants and sessions, and nothing beside it does', async () => {
      await online(1);
      await online(2, { gateway: 'gw-2' });
      const { grant } = await store.putGrant(request(3, { site: 'schule', gateway: 'gw-3' }));
      // The grant was made at gw-1; its device is online at gw-2 now.
      expect(await store.orderEnd({ gateway: 'gw-2' }, START)).toEqual({
        grants: 1,
        sessions: [{ gateway: 'gw-2', sessionId: 's-2' }],
      });
      expect((await store.orderEnd({ site: 'rathaus' }, START)).grants).toBe(1);
      expect(await store.takeDueEnds(START, 10, later)).toHaveLength(2);
      expect(await store.getGrant(grant.id, START)).toEqual(grant);
    });

    test('a session that names its grant only by the user name of the credential is found all the same, as long as that lives', async () => {
      const { grant, credential } = await store.putGrant(request(1, { withCredential: true }));
      const username = credential?.username ?? '';
      await store.takeCredential({ username, gateway: 'gw-1', device: device(1), now: START });
      const expiresAt = credential?.expiresAt ?? 0;
      await store.applyAccounting(event('start', 1, { username, sessionId: 'late', receivedAt: expiresAt }));
      await store.applyAccounting(event('start', 1, { username, receivedAt: expiresAt - 1 }));
      await store.applyAccounting(event('interim', 60, { seconds: 59, downloadOctets: 7 }));
      expect((await store.getGrant(grant.id, START))?.usedOctets).toBe(7);
      expect((await store.orderEnd({ grant: grant.id }, START)).sessions).toEqual([session]);
    });

    test('a session whose user name is the id of its grant, as hostapd reports it, is found', async () => {
      const { grant } = await store.putGrant(request(1));
      await store.applyAccounting(event('start', 1, { username: grant.id }));
      expect((await store.orderEnd({ grant: grant.id }, START)).sessions).toEqual([session]);
    });

    test('a taken order is due again when its time is over, and a settled one never', async () => {
      await store.orderEnd({ grant: (await online(1)).id }, START);
      expect(await store.takeDueEnds(START, 10, later)).toHaveLength(1);
      expect(await store.takeDueEnds(later - 1, 10, later)).toEqual([]);
      await store.deferEnd(session, later + MINUTE);
      expect(await store.takeDueEnds(later + MINUTE - 1, 10, later)).toEqual([]);
      expect(await store.takeDueEnds(later + MINUTE, 10, later + HOUR)).toMatchObject([{ tries: 2 }]);
      await store.settleEnd(session, 'refused', later);
      expect(await store.takeDueEnds(later + 2 * HOUR, 10, later)).toEqual([]);
      expect(await store.getEnd(session)).toMatchObject({ settled: { at: later, result: 'refused' } });
    });

    test('orders can be taken for some gateways only: each kind is told by another part of the product', async () => {
      await online(1);
      await online(2, { gateway: 'gw-2' });
      await store.orderEnd({ site: 'rathaus' }, START);
      expect(await store.takeDueEnds(START, 10, later, new Set(['gw-2', 'gw-9']))).toMatchObject([{ gateway: 'gw-2' }]);
      expect(await store.takeDueEnds(START, 10, later, new Set())).toEqual([]);
      expect(await store.takeDueEnds(START, 10, later)).toMatchObject([{ gateway: 'gw-1' }]);
    });

    test('ordering again keeps an order under way and renews one that failed', async () => {
      await online(1);
      await store.orderEnd({ site: 'rathaus' }, START);
      await store.takeDueEnds(START, 10, later);
      expect((await store.orderEnd({ site: 'rathaus' }, START)).sessions).toEqual([session]);
      expect(await store.getEnd(session)).toMatchObject({ dueAt: later, tries: 1 });
      await store.settleEnd(session, 'no-answer', START);
      await store.orderEnd({ site: 'rathaus' }, later);
      expect(await store.getEnd(session)).toMatchObject({ orderedAt: later, dueAt: later, tries: 0 });
    });

    test.each(['stop', 'accounting-on'])('%s settles the order, also one that was given up', async (how) => {
      await online(1);
      await store.orderEnd({ site: 'rathaus' }, START);
      await store.settleEnd(session, 'no-answer', START);
      if (how === 'stop') await store.applyAccounting(event('stop', 2));
      else await store.closeSessionsOf('gw-1', START + 2 * SECOND, START + 2 * SECOND);
      expect(await store.getEnd(session)).toMatchObject({ settled: { at: START + 2 * SECOND, result: 'done' } });
    });

    test('a session that comes back is ended again once hostapd has forgotten its answer', async () => {
      await online(1);
      await store.orderEnd({ site: 'rathaus' }, START);
      await store.applyAccounting(event('stop', 1, { seconds: 1 }));
      await store.applyAccounting(event('start', 2));
      expect(await store.takeDueEnds(START + KEEP_OUT_AFTER_MS - 1, 10, later)).toEqual([]);
      expect(await store.takeDueEnds(START + KEEP_OUT_AFTER_MS, 10, later)).toMatchObject([session]);
    });

    test('a session that comes back with a new grant is left alone', async () => {
      await online(1);
      await store.orderEnd({ site: 'rathaus' }, START);
      await store.applyAccounting(event('stop', 1, { seconds: 1 }));
      await online(1, { eventAt: later, receivedAt: later });
      expect(await store.getEnd(session)).toBeUndefined();
    });

    test('an order is forgotten five minutes after it was settled, and with its session every link to the grant', async () => {
      await online(1, { username: 'a-word-of-ours' });
      await store.orderEnd({ site: 'rathaus' }, START);
      await store.applyAccounting(event('stop', 0));
      expect(await store.getEnd(session)).not.toHaveProperty('username');
      expect(await store.getSession('gw-1', 's-1')).not.toHaveProperty('username');
      await store.forget(START + SESSION_AFTERGLOW_MS - 1, { historyBefore: 0 });
      expect(await store.getEnd(session)).toBeDefined();
      await store.forget(START + SESSION_AFTERGLOW_MS, { historyBefore: 0 });
      expect(await store.getEnd(session)).toBeUndefined();
    });
  });
}
