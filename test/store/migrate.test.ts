import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { MINUTE } from '../../core/time';
import { openEmbeddedStore } from '../../store/embedded/driver';
import { CONTEXT, device, event, START } from '../contract/fixtures';

const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-migrate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FIXTURES = join(__dirname, '..', 'fixtures', 'store');

/** A copy of a store that a former version wrote. */
function former(name: string, schema = 1): string {
  const place = join(folder, name);
  const origin = join(FIXTURES, `schema-${schema}`);
  cpSync(origin, place, { recursive: true });
  writeFileSync(join(place, 'data.mdb'), gunzipSync(readFileSync(join(origin, 'data.mdb.gz'))));
  rmSync(join(place, 'data.mdb.gz'));
  return place;
}

describe('a store of schema 1', () => {
  /** By device. */
  const GRANTS = { 3: 'xjcPwVec2gqE9ZIMV0zVxA', 1: 'lwv6iZwDYjuazfeBmhLpBw', 2: 'BxfX_U89-VH_-ce6WnkqGA' };

  test('keeps its grants, credentials and sessions, and is upgraded once', async () => {
    const place = former('kept');
    for (const opening of [1, 2]) {
      const store = await openEmbeddedStore(place, CONTEXT);
      for (const [who, id] of Object.entries(GRANTS)) {
        const grant = await store.findGrant('rathaus', device(Number(who)), START);
        expect(grant).toMatchObject({
          id,
          site: 'rathaus',
          gateway: 'gw-1',
          termsVersion: '2026-11',
          acceptedAt: START,
        });
        expect(await store.getGrant(id, START)).toEqual(grant);
      }
      const taken = await store.takeCredential({
        ...{ username: 'ChNDo3ELgvbH8eQzXqGjug', gateway: 'gw-1', device: device(1), now: START },
      });
      expect(taken).toMatchObject(opening === 1 ? { ok: true } : { reason: 'credential-used' });
      expect((await store.countSessions()).get('rathaus')).toBe(1);
      await store.close();
    }
  });

  test('goes on counting what a session that ran uses', async () => {
    const store = await openEmbeddedStore(former('counted'), CONTEXT);
    const more = event('interim', 600, { seconds: 600, downloadOctets: 6000, uploadOctets: 70 });
    expect(await store.applyAccounting(more)).toMatchObject({ sessions: 0, seconds: 300, downloadOctets: 1000 });
    expect((await store.findGrant('rathaus', device(1), START + MINUTE))?.usedOctets).toBe(6070);
    await store.close();
  });
});

describe('a store of schema 2', () => {
  const at = (minutes: number): number => START + minutes * MINUTE;
  const window = { from: at(0), to: at(60) };

  test('keeps health, outages without a cause and the time nobody watched, and goes on from there', async () => {
    const place = former('outages', 2);
    for (const opening of [1, 2]) {
      const store = await openEmbeddedStore(place, CONTEXT);
      const ofSchema2 = { from: at(40), ...(opening === 2 && { to: at(44), cause: 'power' }) };
      expect(await store.outages('ap-1', window)).toEqual([{ from: at(5), to: at(12) }, ofSchema2]);
      expect(await store.outages('ap-2', window)).toEqual([{ from: at(20), to: at(30) }]);
      const all = await store.allHealth();
      expect(all.get('ap-2')).toEqual({
        firstSeenAt: at(1),
        health: { state: 'suspect', since: at(30), streak: 2, streakFrom: at(43), lastSeenAt: at(42) },
      });
      expect(all.get('ap-3')).toEqual({ health: { state: 'unknown', since: at(0), streak: 0 } });
      expect(await store.unwatched({ from: at(0), to: at(17) }, 3 * MINUTE)).toEqual([{ from: at(3), to: at(15) }]);
      expect(await store.findGrant('rathaus', device(1), START)).toMatchObject({ termsVersion: '2026-11' });
      if (opening === 1) {
        expect(all.get('ap-1')?.health).toEqual({
          ...{ state: 'down', since: at(40), streak: 1, streakFrom: at(44), lastSeenAt: at(44) },
        });
        const up = { state: 'up', since: at(44), streak: 0, lastSeenAt: at(45), bootAt: at(43) } as const;
        await store.putHealth('ap-1', up, { kind: 'close', to: at(44), cause: 'power' });
      }
      await store.close();
    }
  });
});
