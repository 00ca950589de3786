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

const RECORDS_PER_SECOND = 300;
const SESSIONS_EACH = 20;
/** The portal waits for three seconds; the rest is for a machine that is busy. */
const APOLOGY_WITHIN_MS = 8_000;
const NOT_KEPT = 'stadtfunk_radius_dropped_total{reason="store-failed"}';
const WITHOUT_STORE = 'stadtfunk_radius_without_store_total{site="rathaus",result="accepted"}';

interface Fault {
  readonly drill: string;
  readonly title: string;
  readonly lastsMs: number;
  /** How the log names it. */
  readonly code: RegExp;
  /** Whether the store can still be read. */
  readonly isReadable: boolean;
  begin(): void;
  end(): void;
}

describeWith(['redis-server', 'redis-cli'], 'Redis that fails under a running town', () => {
  let redis: RedisServer;
  let wire: Wire;
  let town: RunningTown;
  const load = new AccountingLoad(RECORDS_PER_SECOND);

  beforeAll(async () => {
    redis = await startRedis(['appendonly yes', 'appendfsync always']);
    wire = await Wire.to(redis.port);
    town = await startTown({ kind: 'redis', redis: { server: `127.0.0.1:${wire.port}` } });
    for (const gateway of town.gateways) load.add(gateway, SESSIONS_EACH, gateway.id);
  });
  afterAll(async () => {
    load.stop();
    await town.remove();
    wire.end();
    await redis.end();
  });

  /** A device that is online at each site. */
  async function holders(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const site of ['rathaus', 'park', 'schule']) {
      const device = town.newDevice();
      expect((await town.walkIn(site, device)).status).toBe(303);
      expect((await town.at(site).login(device))?.accepted).toBe(true);
      found.set(site, device);
    }
    return found;
  }

  /** Who already holds a grant is let in by the rule of the site, and nobody else. */
  async function logins(held: ReadonlyMap<string, string>, isReadable: boolean): Promise<void> {
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

  let mend = (): void => {};
  afterEach(() => mend());

  const faults: readonly Fault[] = [
    {
      drill: 'redis-paused',
      title: 'does not answer for half a minute',
      lastsMs: inForm(0, 30_000),
      code: /STORE_UNREACHABLE|TooSlow/,
      isReadable: false,
      begin: () => redis.process.signal('SIGSTOP'),
      end: () => redis.process.signal('SIGCONT'),
    },
    {
      drill: 'redis-cut-off',
      title: 'cannot be reached: packets go nowhere',
      lastsMs: inForm(0, 30_000),
      code: /STORE_UNREACHABLE|TooSlow/,
      isReadable: false,
      begin: () => wire.cut(),
      end: () => wire.mend(),
    },
    {
      drill: 'redis-full',
      title: 'has no memory left',
      lastsMs: inForm(0, 10_000),
      code: /STORE_FULL/,
      isReadable: true,
      begin: () => void redis.cli('config', 'set', 'maxmemory', '1mb'),
      end: () => void redis.cli('config', 'set', 'maxmemory', '0'),
    },
  ];

  test.each(faults)(
    '$drill: $title',
    async ({ drill, lastsMs, code, isReadable, begin, end }) => {
      const evidence = new Evidence(drill);
      const { product, at, walkIn, newDevice } = town;
      const held = await holders();
      load.start();
      const earlier = load.records;
      await until('records are kept', () => load.records > earlier + 100);
      const said = product.output().length;
      const notKept = (await product.metric(NOT_KEPT)) ?? 0;
      mend = end;
      begin();
      const began = Date.now();
      await until('a record is not kept', async () => ((await product.metric(NOT_KEPT)) ?? 0) > notKept);
      await logins(held, isReadable);

      // Nobody new can be granted anything, and reads so; where the site is open they come in for ten minutes.
      const asked = Date.now();
      const refused = await walkIn('rathaus', newDevice());
      expect(Date.now() - asked).toBeLessThan(APOLOGY_WITHIN_MS);
      expect([refused.status, refused.retryAfter, refused.heading]).toEqual([503, '30', 'Gerade geht es nicht']);
      expect((await walkIn('schule', newDevice())).status).toBe(503);
      expect((await walkIn('park', newDevice())).status).toBe(303);

      await evidence.logged(product, 'portal-store-failed', code, said);
      await evidence.logged(product, 'store-check-failed', code, said);
      await evidence.metric(product, 'stadtfunk_store_ready', (ready) => ready === 0);
      await evidence.metric(product, NOT_KEPT, (count) => count > notKept);
      if (!isReadable) {
        await evidence.metric(product, WITHOUT_STORE, (count) => count > 0);
      }
      expect((await fetch(`${product.opsUrl}/readyz`)).status).toBe(503);
      await lasting(Math.max(0, lastsMs - (Date.now() - began)));

      const before = load.records;
      end();
      mend = () => {};
      const ended = Date.now();
      await until('records are kept again', () => load.records > before + SESSIONS_EACH);
      const recordsAgainMs = Date.now() - ended;
      await until('a visitor gets in', async () => (await walkIn('rathaus', newDevice())).status === 303);
      const visitorsAgainMs = Date.now() - ended;
      await evidence.logged(product, 'store-ready', undefined, said);
      figures(drill, { lastedMs: ended - began, recordsAgainMs, visitorsAgainMs, records: load.records });
      expect((await at('schule').login(held.get('schule') ?? ''))?.accepted).toBe(true);

      await load.settle();
      const store = await openStore(configOf(product), systemRandom);
      expect(await load.differences(store)).toEqual([]);
      await store.close();
      evidence.isWhatTheTableTells();
    },
    DRILL_MS,
  );
});
