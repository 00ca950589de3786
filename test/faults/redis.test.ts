import { REJECT } from '../../core/reasons';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';
import { describeWith } from '../support/packages';
import { configOf } from '../support/product';
import { type RedisServer, startRedis } from '../support/redis';
import { until } from '../support/wait';
import { Evidence } from './evidence';
import { DRILL_MS, figures, inForm, lasting } from './forms';
import { AccountingLoad } from './load';
import { type RunningTown, startTown } from './running-town';
import { Wire } from './wire';

const RECORDS_PER_SECOND = inForm(100, 300);
const SESSIONS_EACH = 20;
/** The portal waits for three seconds; the rest is for a machine that is busy. */
const APOLOGY_WITHIN_MS = 8_000;
const NOT_KEPT = 'stadtfunk_radius_dropped_total{reason="store-failed"}';
const WITHOUT_STORE = 'stadtfunk_radius_without_store_total{site="rathaus",result="accepted"}';

/** A town of its own on a Redis of its own, so that the drills need not wait for one another. */
interface Place {
  readonly redis: RedisServer;
  readonly wire: Wire;
  readonly town: RunningTown;
  readonly load: AccountingLoad;
  end(): Promise<void>;
}

interface Fault {
  readonly drill: string;
  readonly title: string;
  readonly lastsMs: number;
  /** How the log names it. */
  readonly code: RegExp;
  /** Whether the store can still be read. */
  readonly isReadable: boolean;
  begin(place: Place): void;
  end(place: Place): void;
}

async function place(): Promise<Place> {
  const redis = await startRedis(['appendonly yes', 'appendfsync always']);
  const wire = await Wire.to(redis.port);
  const town = await startTown({ kind: 'redis', redis: { server: `127.0.0.1:${wire.port}` } });
  const load = new AccountingLoad(RECORDS_PER_SECOND);
  for (const gateway of town.gateways) load.add(gateway, SESSIONS_EACH, gateway.id);
  const end = async () => {
    load.stop();
    await town.remove();
    wire.end();
    await redis.end();
  };
  return { redis, wire, town, load, end };
}

/** A device that is online at each site. */
async function holders(town: RunningTown): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const site of ['rathaus', 'park', 'schule']) {
    const device = town.newDevice();
    expect((await town.walkIn(site, device)).status).toBe(303);
    // On a busy machine an answer may be given without the store.
    await until('it is let in', async () => (await town.at(site).login(device))?.accepted);
    found.set(site, device);
  }
  return found;
}

/** Who already holds a grant is let in by the rule of the site, and nobody else. */
async function logins(town: RunningTown, held: ReadonlyMap<string, string>, isReadable: boolean): Promise<void> {
  const { newDevice } = town;
  const login = async (site: string, device = held.get(site) ?? '') => {
    const answer = await town.at(site).login(device);
    return answer?.accepted === true ? 'in' : answer?.message;
  };
  const outside = isReadable ? REJECT['device-unknown'] : REJECT['store-down'];
  expect([await login('rathaus'), await login('rathaus', newDevice())]).toEqual(['in', outside]);
  expect([await login('park'), await login('park', newDevice())]).toEqual(['in', isReadable ? outside : 'in']);
  expect([await login('schule'), await login('schule', newDevice())]).toEqual([isReadable ? 'in' : outside, outside]);
}

/** Nobody new can be granted anything, and reads so; where the site is open they come in for ten minutes. */
async function visitors({ walkIn, newDevice }: RunningTown): Promise<void> {
  const asked = Date.now();
  const walks = ['rathaus', 'schule', 'park'].map((site) => walkIn(site, newDevice()));
  const [grace, closed, open] = await Promise.all(walks);
  expect(Date.now() - asked).toBeLessThan(APOLOGY_WITHIN_MS);
  expect([grace?.status, grace?.retryAfter, grace?.heading]).toEqual([503, '30', 'Gerade geht es nicht']);
  expect([closed?.status, open?.status]).toEqual([503, 303]);
}

const faults: readonly Fault[] = [
  {
    drill: 'redis-paused',
    title: 'does not answer for half a minute',
    lastsMs: inForm(0, 30_000),
    code: /STORE_UNREACHABLE|TooSlow/,
    isReadable: false,
    begin: ({ redis }) => redis.process.signal('SIGSTOP'),
    end: ({ redis }) => redis.process.signal('SIGCONT'),
  },
  {
    drill: 'redis-cut-off',
    title: 'cannot be reached: packets go nowhere',
    lastsMs: inForm(0, 30_000),
    code: /STORE_UNREACHABLE|TooSlow/,
    isReadable: false,
    begin: ({ wire }) => wire.cut(),
    end: ({ wire }) => wire.mend(),
  },
  {
    drill: 'redis-full',
    title: 'has no memory left',
    lastsMs: inForm(0, 10_000),
    code: /STORE_FULL/,
    isReadable: true,
    begin: ({ redis }) => void redis.cli('config', 'set', 'maxmemory', '1mb'),
    end: ({ redis }) => void redis.cli('config', 'set', 'maxmemory', '0'),
  },
];

async function run(fault: Fault, at: Place): Promise<void> {
  const { drill, lastsMs, code, isReadable } = fault;
  const { town, load } = at;
  const { product, walkIn, newDevice } = town;
  const evidence = new Evidence(drill);
  const held = await holders(town);
  load.start();
  await until('records are kept', () => load.records > 100);
  const said = product.output().length;
  fault.begin(at);
  const began = Date.now();
  const isNotKept = async () => ((await product.metric(NOT_KEPT)) ?? 0) > 0;
  const noticed = until('a record is not kept', isNotKept);
  await Promise.all([noticed.then(() => logins(town, held, isReadable)), visitors(town)]);
  await Promise.all([
    evidence.logged(product, 'portal-store-failed', code, said),
    evidence.logged(product, 'store-check-failed', code, said),
    evidence.metric(product, 'stadtfunk_store_ready', (ready) => ready === 0),
    evidence.metric(product, NOT_KEPT, (count) => count > 0),
    ...(isReadable ? [] : [evidence.metric(product, WITHOUT_STORE, (count) => count > 0)]),
  ]);
  expect((await fetch(`${product.opsUrl}/readyz`)).status).toBe(503);
  await lasting(Math.max(0, lastsMs - (Date.now() - began)));

  const before = load.records;
  fault.end(at);
  const ended = Date.now();
  await until('records are kept again', () => load.records > before + SESSIONS_EACH);
  const recordsAgainMs = Date.now() - ended;
  await until('a visitor gets in', async () => (await walkIn('rathaus', newDevice())).status === 303);
  const visitorsAgainMs = Date.now() - ended;
  await evidence.logged(product, 'store-ready', undefined, said);
  figures(drill, { lastedMs: ended - began, recordsAgainMs, visitorsAgainMs, records: load.records });
  const holder = held.get('schule') ?? '';
  await until('a login is answered from the store', async () => (await town.at('schule').login(holder))?.accepted);

  await load.settle();
  const store = await openStore(configOf(product), systemRandom);
  expect(await load.differences(store)).toEqual([]);
  await store.close();
  evidence.isWhatTheTableTells();
}

describeWith(['redis-server', 'redis-cli'], 'Redis that fails under a running town', () => {
  test.concurrent.each(faults)(
    '$drill: $title',
    async (fault) => {
      const at = await place();
      await run(fault, at).finally(() => at.end());
    },
    DRILL_MS,
  );
});
