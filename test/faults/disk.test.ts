import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';
import { describeWith, needsRoot } from '../support/packages';
import { startProgram } from '../support/process';
import { configOf } from '../support/product';
import { until } from '../support/wait';
import { Evidence } from './evidence';
import { DRILL_MS, figures, inForm, lasting } from './forms';
import { AccountingLoad } from './load';
import { type RunningTown, startTown } from './running-town';

const NOT_KEPT = 'stadtfunk_radius_dropped_total{reason="store-failed"}';
const RECORDS_PER_SECOND = inForm(100, 300);
const DISK_OCTETS = 64 * 2 ** 20;

/** A town of its own on a disk of its own, so that the drills need not wait for one another. */
interface Place {
  readonly disk: string;
  readonly town: RunningTown;
  readonly load: AccountingLoad;
  end(): Promise<void>;
}

interface Fault {
  readonly drill: string;
  readonly title: string;
  readonly code: RegExp;
  /** @returns what ends it */
  begin(place: Place): () => void;
}

async function place(): Promise<Place> {
  const disk = mkdtempSync(join(tmpdir(), 'stadtfunk-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_OCTETS}`, 'tmpfs', disk]);
  const town = await startTown({ path: join(disk, 'data') });
  const load = new AccountingLoad(RECORDS_PER_SECOND);
  for (const gateway of town.gateways) load.add(gateway, 20, gateway.id);
  const end = async () => {
    load.stop();
    await town.remove();
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  };
  return { disk, town, load, end };
}

const faults: readonly Fault[] = [
  {
    drill: 'disk-full',
    title: 'is full',
    code: /STORE_FULL/,
    begin: ({ disk }) => {
      const filler = join(disk, 'filler');
      // What is left free would take a few commits only: below that the store stops by itself.
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(filler, Buffer.alloc(bavail * bsize - 2 ** 20));
      return () => unlinkSync(filler);
    },
  },
  {
    drill: 'disk-read-only',
    title: 'refuses every write, as it does when the kernel has made it read-only after an error',
    code: /STORE_/,
    begin: ({ town }) => {
      // A file system with files open for writing cannot be made read-only from outside.
      const refuse = 'inject=pwrite64,pwritev:error=EROFS';
      const trace = ['-f', '-q', '-o', '/dev/null', '-e', 'trace=pwrite64,pwritev', '-e', refuse];
      const strace = startProgram('strace', [...trace, '-p', `${town.product.pid()}`]);
      return () => void strace.end('SIGTERM');
    },
  },
];

async function run({ drill, code, begin }: Fault, on: Place): Promise<void> {
  const { town, load } = on;
  const { product, at, walkIn, newDevice } = town;
  const evidence = new Evidence(drill);
  const holder = newDevice();
  expect((await walkIn('schule', holder)).status).toBe(303);
  load.start();
  await until('records are kept', () => load.records > 100);
  const said = product.output().length;
  const end = begin(on);
  try {
    await until('a record is not kept', async () => ((await product.metric(NOT_KEPT)) ?? 0) > 0);
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
  } finally {
    end();
  }
  const before = load.records;
  const ended = Date.now();
  await until('records are kept again', () => load.records > before + 50);
  figures(drill, { recordsAgainMs: Date.now() - ended });
  await evidence.logged(product, 'store-ready', undefined, said);
  expect((await walkIn('rathaus')).status).toBe(303);
  await load.settle();
  evidence.isWhatTheTableTells();

  await product.end('SIGTERM');
  const store = await openStore(configOf(product), systemRandom);
  expect(await load.differences(store)).toEqual([]);
  await store.close();
}

describeWith([needsRoot, 'strace'], 'the disk of the embedded store: nothing acknowledged is lost when', () => {
  test.concurrent.each(faults)(
    '$drill: it $title',
    async (fault) => {
      const on = await place();
      await run(fault, on).finally(() => on.end());
    },
    DRILL_MS,
  );
});
