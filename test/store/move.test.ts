import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { stringify } from 'yaml';
import { storeExport } from '../../commands/store-export';
import { storeImport } from '../../commands/store-import';
import { Progress } from '../../commands/store-progress';
import { DAY, HOUR, MINUTE } from '../../core/time';
import type { StoreContext } from '../../store/context';
import { openEmbeddedStore } from '../../store/embedded/driver';
import { openRedisStore } from '../../store/redis/driver';
import type { Store } from '../../store/store';
import { CONTEXT, device, event, START, TOWN_KEY, WHOLE_TIME } from '../contract/fixtures';
import { busyDay } from '../privacy/busy-day';
import { describeWith } from '../support/packages';
import { type RedisServer, redisPlace, startCluster, startRedis } from '../support/redis';
import { until } from '../support/wait';

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-move-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let told = '';
beforeEach(() => {
  told = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told += String(text);
    return true;
  });
});
afterEach(() => jest.restoreAllMocks());

let towns = 0;
/** A configuration with this store. */
function town(store: object, key = TOWN_KEY): { readonly config: string } {
  const config = join(folder, `town-${++towns}.yaml`);
  const text = {
    ...{ town: { name: 'Musterstadt', contact: { email: 'wlan@musterstadt.example', phone: '02374 1234-0' } }, key },
    ...{ portal: { url: 'http://127.0.0.1' }, store, sites: [{ id: 'rathaus', name: 'Rathaus', kind: 'square' }] },
  };
  writeFileSync(config, stringify(text), { mode: 0o600 });
  return { config };
}

const embedded = (name: string) => ({ path: join(folder, name) });
const fileOf = (name: string) => join(folder, `${name}.jsonl`);
const contentOf = (file: string): unknown =>
  JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '').content;

/** `stadtfunk store` as a shell runs it. */
function inShell(shell: string, command: 'export' | 'import', file: string, { config }: { readonly config: string }) {
  const main = ['--require', join(__dirname, 'typescript.cjs'), join(__dirname, '../../main.ts')];
  const all = [process.execPath, ...main, 'store', command, file, '-c', config];
  return spawnSync('bash', ['-c', `set -o pipefail; ${shell}`, 'bash', ...all], { encoding: 'utf8' });
}

async function open(name: string, context: StoreContext = CONTEXT): Promise<Store> {
  return openEmbeddedStore(join(folder, name), context);
}

async function busyFolder(name: string): Promise<void> {
  const store = await open(name);
  await busyDay(store);
  await store.close();
}

/** What the store answers to everything that can be asked about that day, and then to what happens next. */
async function answers(store: Store): Promise<unknown> {
  const found = await Promise.all([1, 2, 3].map((who) => store.findGrant('rathaus', device(who), START)));
  const id = found[0]?.id ?? '';
  const asked = [
    found,
    await Promise.all([1, 2, 3].map((who) => store.usedToday('rathaus', device(who), START + 10 * MINUTE))),
    await store.getGrant(id, START),
    await store.acceptances('rathaus', WHOLE_TIME),
    await Promise.all(['s-1', 's-2'].map((session) => store.getSession('gw-1', session))),
    await Promise.all(['s-3', 's-4'].map((sessionId) => store.getEnd({ gateway: 'gw-2', sessionId }))),
    [...(await store.countSessions())].sort(),
    await store.siteUsage('rathaus', WHOLE_TIME),
    [...(await store.allHealth())].sort(),
    await store.outages('ap-hall', WHOLE_TIME),
    await store.outages('ap-roof', WHOLE_TIME),
    await store.unwatched({ from: START - DAY, to: START }, MINUTE),
    await store.maintenance(WHOLE_TIME),
    await store.recordsOf(id),
    await store.listFeedback(),
    [...(await store.exams(START))],
    await store.lastAudit(),
  ];
  const later = [
    await store.applyAccounting(event('interim', 90, { sessionId: 's-2', seconds: 90, downloadOctets: 7_000 })),
    await store.getGrant(id, START),
    await store.takeDueEnds(START + HOUR, 10, START + 2 * HOUR),
    await store.orderEnd({ site: 'rathaus' }, START + HOUR),
    await store.usedToday('rathaus', device(1), START + HOUR),
  ];
  return { asked, later };
}

describeWith(['redis-server', 'redis-cli'], 'moving a town', () => {
  let server: RedisServer;
  let cluster: readonly RedisServer[];
  beforeAll(async () => {
    server = await startRedis(['appendonly yes', 'appendfsync always']);
    cluster = await startCluster();
  });
  afterAll(() => Promise.all([server, ...cluster].map((one) => one.end())));
  const redis = (prefix: string) => ({ kind: 'redis', redis: { server: `127.0.0.1:${server.port}`, prefix } });
  const inCluster = (prefix: string) => {
    const servers = cluster.slice(0, 2).map(({ port }) => `127.0.0.1:${port}`);
    return { kind: 'redis', redis: { cluster: servers, prefix, durability: 'replicas', allowVolatile: true } };
  };

  test('from embedded to Redis, to a cluster and back everything stays, and answers the same afterwards', async () => {
    await busyFolder('origin');
    await storeExport(fileOf('first'), town(embedded('origin')));
    expect(statSync(fileOf('first')).mode & 0o777).toBe(0o600);
    expect(told).toMatch(/^\d+ records exported, \d+ per second: .*grant \d/m);
    await storeImport(fileOf('first'), town(redis('moved')));
    await storeExport(fileOf('second'), town(redis('moved')));
    await storeImport(fileOf('second'), town(inCluster('moved')));
    await storeExport(fileOf('third'), town(inCluster('moved')));
    await storeImport(fileOf('third'), town(embedded('back')));
    await storeExport(fileOf('fourth'), town(embedded('back')));
    const contents = ['first', 'second', 'third', 'fourth'].map((name) => contentOf(fileOf(name)));
    expect(contents).toEqual(Array.from({ length: 4 }, () => contents[0]));

    const place = redisPlace({ server: `127.0.0.1:${server.port}`, prefix: 'moved' });
    const stores = [await open('origin'), await openRedisStore(place, CONTEXT), await open('back')];
    const [origin, ...others] = await Promise.all(stores.map(answers));
    for (const other of others) expect(other).toEqual(origin);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('a town that runs is neither exported nor filled, and no file is left', async () => {
    await busyFolder('running');
    await storeExport(fileOf('running'), town(embedded('running')));
    const stores = [
      await open('running'),
      await openRedisStore(redisPlace({ server: `127.0.0.1:${server.port}`, prefix: 'running' }), CONTEXT),
    ];
    for (const store of [embedded('running'), redis('running')]) {
      await expect(storeExport(fileOf('never'), town(store))).rejects.toMatchObject({ code: 'STORE_IN_USE' });
      await expect(storeImport(fileOf('running'), town(store))).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    }
    for (const file of [fileOf('never'), `${fileOf('never')}.unfinished`])
      expect(() => statSync(file)).toThrow('ENOENT');
    await Promise.all(stores.map((store) => store.close()));
  });

  /** An import that has looked whether the town rests, and reads the file for the first time. */
  async function importing(name: string) {
    await busyFolder(name);
    await storeExport(fileOf(name), town(embedded(name)));
    const pipe = fileOf(`${name}-pipe`);
    execFileSync('mkfifo', [pipe]);
    const failing = storeImport(pipe, town(redis(name))).catch((error: unknown) => error);
    const reading = await openFile(pipe, 'w');
    rmSync(pipe);
    const goOn = async () => {
      await reading.writeFile(readFileSync(fileOf(name)));
      await reading.close();
    };
    return { pipe, failing, goOn, place: redisPlace({ server: `127.0.0.1:${server.port}`, prefix: name }) };
  }

  test('a process that is started while the file is read keeps its store', async () => {
    const { pipe, failing, goOn, place } = await importing('started');
    writeFileSync(pipe, readFileSync(fileOf('started')));
    const store = await openRedisStore(place, CONTEXT);
    await goOn();
    expect(await failing).toMatchObject({ code: 'STORE_IN_USE' });
    expect(await store.listFeedback()).toEqual([]);
    await store.close();
    await (await openRedisStore(place, CONTEXT)).close();
  });

  /** The same, with the store marked and looked at again, and the file read to its first record. */
  async function filling(name: string) {
    const looks = () => Number(/client\|list:calls=(\d+)/.exec(server.cli('info', 'commandstats'))?.[1]);
    const { pipe, failing: outcome, goOn, place } = await importing(name);
    const before = looks();
    execFileSync('mkfifo', [pipe]);
    await goOn();
    const file = await openFile(pipe, 'w');
    const lines = readFileSync(fileOf(name), 'utf8').split('\n');
    await file.writeFile(`${lines.splice(0, 2).join('\n')}\n`);
    await until('it has looked', () => looks() > before);
    const finish = async () => {
      await file.writeFile(lines.join('\n'));
      await file.close();
      await until('it looks for the last time', () => looks() > before + 1);
    };
    return { finish, outcome, place };
  }

  async function connected(name: string, who: string): Promise<Redis> {
    const names = { connectionName: `stadtfunk:${name}:0:${who}` };
    const client = new Redis(server.port, '127.0.0.1', { protocol: 2, ...names });
    await client.ping();
    return client;
  }

  test('a process that is there again before a store is full has spoilt it', async () => {
    const { finish, outcome, place } = await filling('back-again');
    const other = await connected('back-again', 'other');
    await finish();
    expect(await outcome).toMatchObject({ code: 'STORE_IN_USE' });
    other.disconnect();
    await expect(openRedisStore(place, CONTEXT)).rejects.toMatchObject({ code: 'STORE_HALF_FILLED' });
  });

  test('processes that are refused while a store is filled, started again and again, spoil nothing', async () => {
    const { finish, outcome, place } = await filling('refused');
    const first = await connected('refused', 'first');
    await finish();
    const second = await connected('refused', 'second');
    first.disconnect();
    expect(await outcome).toBe(0);
    second.disconnect();
    await (await openRedisStore(place, CONTEXT)).close();
  });

  test('only an empty store is filled, and one whose filling was cut off opens for nobody', async () => {
    await busyFolder('full');
    await storeExport(fileOf('full'), town(embedded('full')));
    await storeImport(fileOf('full'), town(redis('full')));
    for (const store of [embedded('full'), redis('full')]) {
      await expect(storeImport(fileOf('full'), town(store))).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
    }
    server.cli('hset', 'half:{town}:meta', 'schema', '1', 'filling', '1');
    const half = openRedisStore(redisPlace({ server: `127.0.0.1:${server.port}`, prefix: 'half' }), CONTEXT);
    await expect(half).rejects.toMatchObject({ code: 'STORE_HALF_FILLED' });
    await expect(storeImport(fileOf('full'), town(redis('half')))).rejects.toMatchObject({ code: 'STORE_KEY_WRONG' });
  });

  test('an import with another key is refused and changes nothing: with the right one the store is filled', async () => {
    await busyFolder('under-key');
    await storeExport(fileOf('under-key'), town(embedded('under-key')));
    for (const store of [embedded('other-key'), redis('other-key')]) {
      const wrong = town(store, 'another-key-another-key-another-key-01');
      expect(inShell(`"$@" < ${fileOf('under-key')}`, 'import', '-', wrong).stderr).toContain('IMPORT_KEY');
      await expect(storeImport(fileOf('under-key'), wrong)).rejects.toMatchObject({ code: 'IMPORT_KEY' });
      await storeImport(fileOf('under-key'), town(store));
    }
  });
});

describe('a file that is not as it was written', () => {
  beforeAll(async () => {
    await busyFolder('source');
    await storeExport(fileOf('good'), town(embedded('source')));
  });

  let targets = 0;
  const importOf = (text: string) => {
    const file = fileOf(`bad-${++targets}`);
    writeFileSync(file, text);
    return storeImport(file, town(embedded(`target-${targets}`)));
  };

  test.each<[string, (lines: string[]) => string[], string]>([
    [
      'that was changed',
      (lines) => lines.map((line) => line.replace('"usedOctets":', '"usedOctets":1')),
      'IMPORT_DAMAGED',
    ],
    ['that misses a line', (lines) => lines.toSpliced(3, 1), 'IMPORT_DAMAGED'],
    ['that was cut off between lines', (lines) => lines.slice(0, 7), 'IMPORT_CUT_OFF'],
    ['that was cut off in a line', (lines) => [...lines.slice(0, 7), (lines[7] ?? '').slice(0, 20)], 'IMPORT_CUT_OFF'],
    ['that goes on after its end', (lines) => [...lines, lines[3] ?? ''], 'IMPORT_DAMAGED'],
    ['of a newer version', ([, ...rest]) => ['{"stadtfunk":"store","format":2,"more":1}', ...rest], 'IMPORT_NEWER'],
    ['of something else', () => ['{"hello":"world"}'], 'IMPORT_FOREIGN'],
    ['that is empty', () => [], 'IMPORT_FOREIGN'],
  ])('a file %s is refused before anything is written', async (_, change, code) => {
    const lines = readFileSync(fileOf('good'), 'utf8').trim().split('\n');
    await expect(importOf(change(lines).join('\n'))).rejects.toMatchObject({ code });
    const store = await open(`target-${targets}`);
    expect((await store.allHealth()).size).toBe(0);
    await store.close();
  });

  test('an export follows no link, keeps to no file of others, and replaces none', async () => {
    const [there, target] = [town(embedded('source')), fileOf('linked')];
    const foreign = join(folder, 'foreign');
    writeFileSync(foreign, 'theirs');
    symlinkSync(foreign, `${target}.unfinished`);
    await expect(storeExport(target, there)).rejects.toMatchObject({ code: 'EXPORT_FILE' });
    expect(readFileSync(foreign, 'utf8')).toBe('theirs');
    expect(() => statSync(target)).toThrow('ENOENT');
    rmSync(`${target}.unfinished`);

    jest.spyOn(Progress.prototype, 'note').mockImplementationOnce(() => {
      expect(() => statSync(target)).toThrow('ENOENT');
      writeFileSync(target, 'came meanwhile');
    });
    await expect(storeExport(target, there)).rejects.toMatchObject({ code: 'EXPORT_FILE' });
    expect(readFileSync(target, 'utf8')).toBe('came meanwhile');
    expect(() => statSync(`${target}.unfinished`)).toThrow('ENOENT');
  });

  test.each([
    ['for which there is not enough room', 'ulimit -f 1; "$@"', fileOf('no-room'), 'EFBIG'],
    [
      'into a file of the shell for which there is not enough room',
      `ulimit -f 1; "$@" > ${fileOf('shell')}`,
      '-',
      'EFBIG',
    ],
    ['whose reader leaves early', '"$@" | true', '-', 'EPIPE'],
  ])('an export %s fails in one sentence, and no file is left', (_, shell, target, why) => {
    const { status, stderr } = inShell(shell, 'export', target, town(embedded('source')));
    expect(stderr.trim()).toMatch(/^stadtfunk: The export to .* was cut off: [A-Z]+\. .* \(EXPORT_CUT_OFF\)$/);
    expect(stderr).toContain(why);
    expect(status).toBe(1);
    for (const file of [target, `${target}.unfinished`]) expect(() => statSync(file)).toThrow('ENOENT');
  });

  test('a missing file, a file that is there and a store that is not there are told in one sentence', async () => {
    const there = town(embedded('source'));
    await expect(storeImport(fileOf('missing'), town(embedded('x')))).rejects.toMatchObject({ code: 'IMPORT_FILE' });
    await expect(storeImport(folder, town(embedded('y')))).rejects.toMatchObject({ code: 'IMPORT_FILE' });
    await expect(storeExport(fileOf('good'), there)).rejects.toMatchObject({ code: 'EXPORT_FILE' });
    await expect(storeExport(fileOf('z'), town(embedded('nowhere')))).rejects.toMatchObject({ code: 'STORE_MISSING' });
  });
});
