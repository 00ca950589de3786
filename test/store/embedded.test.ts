import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openLmdb } from 'lmdb';
import { OperatorError } from '../../core/errors';
import { credentialPlace } from '../../store/embedded/credential-place';
import { openEmbeddedStore } from '../../store/embedded/driver';
import { SCHEMA_VERSION } from '../../store/embedded/migrate';
import type { Store } from '../../store/store';
import { CONTEXT, device, event, request, START } from '../contract/fixtures';
import { storeContract } from '../contract/store';
import { describeWith, needsRoot } from '../support/packages';
import { childArguments, startChild } from './children';

// Random lists of operations wait for the disk a few thousand times.
jest.setTimeout(180_000);

const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let places = 0;
const newPlace = () => join(folder, `place-${++places}`);
const open = (place: string) => openEmbeddedStore(place, CONTEXT);

storeContract('embedded', ({ place, ...context }) => openEmbeddedStore(join(folder, place), context));

/** How opening fails: the code; and it must be one sentence, one remedy, no stack trace. */
async function refusal(opening: Promise<Store>): Promise<string> {
  const error = await opening.then(
    async (store) => store.close().then(() => 'it opened'),
    (error: unknown) => error,
  );
  if (!(error instanceof OperatorError)) throw new Error(`not an operator's error: ${String(error)}`);
  expect(error.toString()).toMatch(/^[^\n]+\. [^\n]+\. \([A-Z_]+\)$/);
  return error.code;
}

/** A store with some content, closed. */
async function filledPlace(): Promise<string> {
  const place = newPlace();
  const store = await open(place);
  await Promise.all(
    Array.from({ length: 500 }, (_, i) => store.applyAccounting(event('start', 0, { sessionId: `${i}` }))),
  );
  await store.putGrant(request(1));
  await store.close();
  return place;
}

describe('opening the embedded store', () => {
  test('makes a folder that only its owner may look into, and narrows one that others may', async () => {
    const place = join(newPlace(), 'deep', 'down');
    await (await open(place)).close();
    expect(statSync(place).mode & 0o777).toBe(0o700);
    chmodSync(place, 0o755);
    await (await open(place)).close();
    expect(statSync(place).mode & 0o777).toBe(0o700);
  });

  test('works in a folder whose path is longer than the path of a socket may be', async () => {
    const place = join(newPlace(), 'a-long-name-'.repeat(10), 'another-long-name-'.repeat(10));
    const store = await open(place);
    await store.check();
    expect(await refusal(open(place))).toBe('STORE_IN_USE');
    await store.close();
  });

  test.each<[string, string, (place: string) => void]>([
    ['a path that is a file', 'STORE_NOT_A_FOLDER', (place) => writeFileSync(place, 'a file')],
    [
      'a file that is not ours',
      'STORE_FOREIGN',
      (place) => {
        mkdirSync(place);
        writeFileSync(join(place, 'data.mdb'), Buffer.alloc(100_000, 'garbage '));
      },
    ],
    [
      'a file of a few octets',
      'STORE_FOREIGN',
      (place) => {
        mkdirSync(place);
        writeFileSync(join(place, 'data.mdb'), 'hello');
      },
    ],
  ])('%s is %s', async (_, code, prepare) => {
    const place = newPlace();
    prepare(place);
    expect(await refusal(open(place))).toBe(code);
  });

  test('a folder below a file cannot be made', async () => {
    const place = newPlace();
    writeFileSync(place, 'a file');
    expect(await refusal(open(join(place, 'below')))).toBe('STORE_FOLDER_FAILED');
  });

  test('the LMDB of another program is left alone', async () => {
    const place = newPlace();
    const other = openLmdb<string, string>({ path: place, noSubdir: false });
    await other.put('their', 'data');
    await other.close();
    expect(await refusal(open(place))).toBe('STORE_FOREIGN');
  });

  const PAGE = 4096;
  test.each<[string, string, (content: Buffer) => Buffer]>([
    ['its first page is zeroes', 'STORE_FOREIGN', (content) => content.fill(0, 0, PAGE)],
    ['its second page is zeroes', 'STORE_FOREIGN', (content) => content.fill(0, PAGE, 2 * PAGE)],
    ['it was cut off behind the head', 'STORE_DAMAGED', (content) => content.subarray(0, 2 * PAGE)],
    ['it was cut off in the middle', 'STORE_DAMAGED', (content) => content.subarray(0, 10 * PAGE)],
  ])('a damaged file is refused: %s', async (_, code, damage) => {
    const place = await filledPlace();
    const file = join(place, 'data.mdb');
    const damaged = damage(readFileSync(file));
    writeFileSync(file, damaged);
    truncateSync(file, damaged.length);
    expect(await refusal(open(place))).toBe(code);
  });

  test('another "key" than the one it was written with is refused, and changes nothing', async () => {
    const place = await filledPlace();
    const other = { ...CONTEXT, townKey: 'another-key-another-key-another-key-another' };
    expect(await refusal(openEmbeddedStore(place, other))).toBe('STORE_KEY_WRONG');
    const store = await open(place);
    expect(await store.findGrant('rathaus', device(1), START)).toBeDefined();
    await store.close();
  });

  test('a schema newer than ours is refused', async () => {
    const place = await filledPlace();
    const root = openLmdb<unknown, string>({ path: place, noSubdir: false, overlappingSync: false });
    await root.openDB<number, string>('meta', { encoding: 'msgpack' }).put('schema', SCHEMA_VERSION + 1);
    await root.close();
    expect(await refusal(open(place))).toBe('STORE_NEWER');
  });

  test('a damaged key of a day is named', async () => {
    const place = await filledPlace();
    writeFileSync(join(place, 'keys', '2026-11-20.rathaus'), Buffer.alloc(60));
    expect(await refusal(open(place))).toBe('STORE_KEY_DAMAGED');
  });

  test('a folder that is open is refused to this process and to others, and is free again after a SIGKILL', async () => {
    const place = newPlace();
    const holder = startChild('hold', place);
    await holder.said('open');
    expect(await refusal(open(place))).toBe('STORE_IN_USE');
    await holder.kill();
    const store = await open(place);
    expect(await refusal(open(place))).toBe('STORE_IN_USE');
    const second = startChild('hold', place);
    await second.said('STORE_IN_USE');
    await second.ended();
    await store.close();
  });
});

test('credentials lie in the order in which they were issued, so that those of one commit share their pages', async () => {
  const place = newPlace();
  const store = await open(place);
  const places: Buffer[] = [];
  for (let number = 0; number < 20; number++) {
    const asked = request(number, { now: START + number, withCredential: true });
    const { credential } = await store.putGrant(asked);
    places.push(credentialPlace(credential?.username ?? ''));
  }
  await store.close();
  const root = openLmdb<unknown, string>({ path: place, noSubdir: false, overlappingSync: false });
  const lying = [...root.openDB<unknown, Buffer>('credentials', { keyEncoding: 'binary' }).getKeys()];
  await root.close();
  expect(lying.map((octets) => octets.toString('hex'))).toEqual(places.map((octets) => octets.toString('hex')));
});

describeWith([needsRoot, 'setpriv'], 'opening the embedded store without permission', () => {
  const nobody = 65_534;
  // May read everything, so that it finds this source wherever it lies, but writes as a stranger.
  const asNobody = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'].concat(
    ['--inh-caps', '--ambient-caps'].map((option) => `${option}=+dac_read_search`),
  );
  const openAsNobody = (place: string) =>
    spawnSync('setpriv', [...asNobody, process.execPath, ...childArguments('none', place)], { encoding: 'utf8' });

  test.each<[string, string, (place: string) => string]>([
    ['a folder of somebody else', 'STORE_NOT_WRITABLE', (place) => place],
    ['a new folder in one of somebody else', 'STORE_FOLDER_FAILED', (place) => join(place, 'new')],
    [
      'a file of somebody else',
      'STORE_NOT_WRITABLE',
      (place) => {
        writeFileSync(join(place, 'data.mdb'), '');
        chownSync(place, nobody, nobody);
        return place;
      },
    ],
  ])('%s is %s', (_, code, prepare) => {
    const above = mkdtempSync(join(tmpdir(), 'stadtfunk-nobody-'));
    chmodSync(above, 0o755);
    const place = join(above, 'place');
    mkdirSync(place);
    const { stdout, stderr } = openAsNobody(prepare(place));
    rmSync(above, { recursive: true });
    expect(stderr).toBe('');
    expect(stdout).toMatch(new RegExp(`^[^\\n]+\\. \\(${code}\\)\\n$`));
  });
});

describeWith(needsRoot, 'the embedded store on a full disk', () => {
  const disk = join(folder, 'disk');
  const ballast = join(disk, 'ballast');
  const free = () => rmSync(ballast, { force: true });
  beforeAll(() => {
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
  });
  // Lazily: a test that failed may have left a file open.
  afterAll(() => execFileSync('umount', ['--lazy', disk]));
  /** Leaves this many octets free. */
  function fill(leave: number): void {
    free();
    const available = Number(execFileSync('df', ['--output=avail', '-B1', disk], { encoding: 'utf8' }).split('\n')[1]);
    writeFileSync(ballast, Buffer.alloc(available - leave));
  }
  const account = (store: Store, round: number) =>
    Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => store.applyAccounting(event('start', 0, { sessionId: `${round}-${i}` }))),
    );
  const codes = (results: PromiseSettledResult<unknown>[]) =>
    new Set(results.map((result) => (result.status === 'fulfilled' ? 'kept' : result.reason.code)));

  test('operations reject with one sentence while it is full, forgetting still works, and all goes on with space', async () => {
    const store = await open(join(disk, 'store'));
    const { grant } = await store.putGrant(request(1));
    expect(codes(await account(store, 0))).toEqual(new Set(['kept']));
    fill(1024 * 1024);
    expect(codes(await account(store, 1))).toEqual(new Set(['STORE_FULL']));
    await expect(store.check()).rejects.toThrow(/^The disk .* is full\.$/);
    await expect(store.putGrant(request(1, { site: 'new-site' }))).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(await store.getGrant(grant.id, START)).toEqual(grant);
    await store.forget(START + 48 * 3_600_000, { historyBefore: START });
    expect(await store.getGrant(grant.id, START)).toBeUndefined();
    free();
    await store.check();
    expect(codes(await account(store, 1))).toEqual(new Set(['kept']));
    expect((await store.countSessions()).get('rathaus')).toBe(40);
    await store.close();
  });

  test('a commit for which the disk turns out to be too small is refused as a whole', async () => {
    // lmdb-js prints what we pass on as an error.
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const place = join(disk, 'large');
    const store = await open(place);
    fill(4.5 * 1024 * 1024);
    const large = (i: number) => store.applyAccounting(event('start', 0, { sessionId: `${i}`.padStart(500, '-') }));
    const results = await Promise.allSettled(Array.from({ length: 5_000 }, (_, i) => large(i)));
    expect(codes(results)).toEqual(new Set(['STORE_FULL']));
    expect(await store.countSessions()).toEqual(new Map());
    free();
    await large(1);
    await store.close();
    const again = await open(place);
    expect(await again.countSessions()).toEqual(new Map([['rathaus', 1]]));
    await again.close();
    printed.mockRestore();
  });

  test('a store is not opened on a full disk', async () => {
    fill(1024 * 1024);
    expect(await refusal(open(join(disk, 'another')))).toBe('STORE_FULL');
    free();
  });
});
