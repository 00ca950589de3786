import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';
import { describeWith, needsRoot } from '../support/packages';
import { type RunningProcess, startProgram } from '../support/process';
import { configOf } from '../support/product';
import { until } from '../support/wait';
import { Evidence } from './evidence';
import { DRILL_MS, figures, inForm, lasting } from './forms';
import { AccountingLoad } from './load';
import { type RunningTown, startTown } from './running-town';

const NOT_KEPT = 'stadtfunk_radius_dropped_total{reason="store-failed"}';
const DISK_OCTETS = 64 * 2 ** 20;

describeWith([needsRoot, 'strace'], 'the disk of the embedded store', () => {
  const disk = mkdtempSync(join(tmpdir(), 'stadtfunk-disk-'));
  const load = new AccountingLoad(300);
  let town: RunningTown;

  beforeAll(async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_OCTETS}`, 'tmpfs', disk]);
    town = await startTown({ path: join(disk, 'data') });
    for (const gateway of town.gateways) load.add(gateway, 20, gateway.id);
  });
  afterAll(async () => {
    load.stop();
    await town.remove();
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  });

  let strace: RunningProcess | undefined;
  const filler = join(disk, 'filler');
  const faults = [
    {
      drill: 'disk-full',
      title: 'is full',
      code: /STORE_FULL/,
      begin: () => {
        // What is left free would take a few commits only: below that the store stops by itself.
        const { bavail, bsize } = statfsSync(disk);
        writeFileSync(filler, Buffer.alloc(bavail * bsize - 2 ** 20));
      },
      end: () => unlinkSync(filler),
    },
    {
      drill: 'disk-read-only',
      title: 'refuses every write, as it does when the kernel has made it read-only after an error',
      code: /STORE_/,
      begin: () => {
        // A file system with files open for writing cannot be made read-only from outside.
        const refuse = 'inject=pwrite64,pwritev:error=EROFS';
        const trace = ['-f', '-q', '-o', '/dev/null', '-e', 'trace=pwrite64,pwritev', '-e', refuse];
        strace = startProgram('strace', [...trace, '-p', `${town.product.pid()}`]);
      },
      end: () => void strace?.end('SIGTERM'),
    },
  ];

  let mend = (): void => {};
  afterEach(() => mend());

  test.each(faults)(
    '$drill: it $title',
    async ({ drill, code, begin, end }) => {
      const evidence = new Evidence(drill);
      const { product, at, walkIn, newDevice } = town;
      const holder = newDevice();
      expect((await walkIn('schule', holder)).status).toBe(303);
      const earlier = load.records;
      load.start();
      await until('records are kept', () => load.records > earlier + 100);
      const said = product.output().length;
      const notKept = (await product.metric(NOT_KEPT)) ?? 0;
      mend = end;
      begin();
      await until('a record is not kept', async () => ((await product.metric(NOT_KEPT)) ?? 0) > notKept);
      // What can be read still counts, at every site; nobody new can be granted anything but where the site is open.
      expect((await at('schule').login(holder))?.accepted).toBe(true);
      expect((await at('rathaus').login(newDevice()))?.accepted).toBe(false);
      const refused = await walkIn('rathaus');
      expect([refused.status, refused.retryAfter, refused.heading]).toEqual([503, '30', 'Gerade geht es nicht']);
      expect((await walkIn('park')).status).toBe(303);
      await evidence.metric(product, NOT_KEPT, (count) => count > 0);
      await evidence.logged(product, 'portal-store-failed', code, said);
      await evidence.logged(product, 'store-check-failed', code, said);
      await evidence.metric(product, 'stadtfunk_store_ready', (ready) => ready === 0);
      await lasting(inForm(0, 10_000));

      const before = load.records;
      end();
      mend = () => {};
      const ended = Date.now();
      await until('records are kept again', () => load.records > before + 50);
      figures(drill, { recordsAgainMs: Date.now() - ended });
      await evidence.logged(product, 'store-ready', undefined, said);
      expect((await walkIn('rathaus')).status).toBe(303);
      await load.settle();
      evidence.isWhatTheTableTells();
    },
    DRILL_MS,
  );

  test('afterwards everything acknowledged is there, once', async () => {
    await town.product.end('SIGTERM');
    const store = await openStore(configOf(town.product), systemRandom);
    expect(await load.differences(store)).toEqual([]);
    await store.close();
  });
});
