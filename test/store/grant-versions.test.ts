import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../store/embedded/driver';
import { CONTEXT, request, START } from '../contract/fixtures';
import { KeptGrants, keptIsWhatIsFound } from './kept-grants';

// Random lists of operations wait for the disk a few hundred times.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-versions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open = (place: string) => openEmbeddedStore(join(folder, place), CONTEXT);

test('what was found is what would be found, as long as its version stays, whatever is done to the store', async () => {
  let places = 0;
  await keptIsWhatIsFound(() => open(`random-${++places}`), { lists: 25, longest: 40 });
});

test('a grant that was looked at while its end is written is not believed afterwards', async () => {
  const store = await open('meanwhile');
  const { grant } = await store.putGrant(request(1));
  const kept = new KeptGrants();
  const ending = store.endGrant(grant.id, START);
  let isEnded = false;
  void ending.then(() => {
    isEnded = true;
  });
  while (!isEnded) {
    await kept.find(store, grant.site, 1, START);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await ending).toBe(true);
  expect(await kept.find(store, grant.site, 1, START)).toBeUndefined();
  await store.close();
});

test('a change of one grant leaves the version of another, and a closed store knows none', async () => {
  const store = await open('closed');
  const grants = await Promise.all([1, 2].map((who) => store.putGrant(request(who))));
  const [first = '', second = ''] = grants.map(({ grant }) => grant.id);
  const versions = () => [first, second].map((id) => store.grantVersion?.(id));
  const before = versions();
  await store.endGrant(first, START);
  expect(versions()[0]).not.toBe(before[0]);
  expect(versions()[1]).toBe(before[1]);
  await store.close();
  expect(versions()).toEqual([undefined, undefined]);
});
