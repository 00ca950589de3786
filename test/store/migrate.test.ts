import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { MINUTE } from '../../core/time';
import { openEmbeddedStore } from '../../store/embedded/driver';
import { CONTEXT, device, event, START } from '../contract/fixtures';

const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-migrate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SCHEMA_1 = join(__dirname, '..', 'fixtures', 'store', 'schema-1');

/** A copy of a store that a former version wrote. */
function former(name: string): string {
  const place = join(folder, name);
  cpSync(SCHEMA_1, place, { recursive: true });
  writeFileSync(join(place, 'data.mdb'), gunzipSync(readFileSync(join(SCHEMA_1, 'data.mdb.gz'))));
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
