import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOUR, SECOND } from '../../core/time';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';
import { describeWith } from '../support/packages';
import { configOf, thisMachine } from '../support/product';
import { type RedisServer, startRedis } from '../support/redis';
import { until } from '../support/wait';
import { Evidence } from './evidence';
import { DRILL_MS, figures, inForm, lasting } from './forms';
import { AccountingLoad } from './load';
import { type RunningTown, startTown } from './running-town';

const SESSIONS_EACH = 10;
const AHEAD = 'stadtfunk_store_clock_offset_seconds';
/** In the full form for long enough that sessions are looked at from which nothing is heard. */
const LASTS_MS = inForm(500, 130_000);

/** It is noon there: keys change at four in the morning, and a grant made after that is not looked for before it. */
function zoneWhereItIsNoon(): string {
  const hours = 12 - new Date().getUTCHours();
  return hours === 0 ? 'Etc/GMT' : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
}

describeWith(['redis-server', 'redis-cli'], 'the clock of the machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-clock-'));
  const step = join(folder, 'step');
  const load = new AccountingLoad(inForm(100, 300));
  let redis: RedisServer;
  let town: RunningTown;

  beforeAll(async () => {
    redis = await startRedis(['appendonly yes', 'appendfsync always']);
    const prefix = [
      'env',
      `CLOCK_STEP=${step}`,
      `NODE_OPTIONS=--require ${require.resolve('../support/stepped-clock.cjs')}`,
    ];
    const own = { name: 'Teststadt', timeZone: zoneWhereItIsNoon(), contact: { email: 'wlan@teststadt.example' } };
    const store = { kind: 'redis', redis: { server: `127.0.0.1:${redis.port}` } };
    town = await startTown(store, () => ({ town: own }), { ...thisMachine, prefix });
    for (const gateway of town.gateways) load.add(gateway, SESSIONS_EACH, gateway.id);
  });
  afterAll(async () => {
    load.stop();
    await town.remove();
    await redis.end();
    rmSync(folder, { recursive: true });
  });

  test(
    'clock-set: it is set ahead by an hour and back by two while sessions run',
    async () => {
      const evidence = new Evidence('clock-set');
      const { product, at, walkIn, newDevice } = town;
      const setTo = (by: number) => {
        writeFileSync(step, `${by}`);
        process.kill(product.pid(), 'SIGUSR2');
      };
      const holder = newDevice();
      expect((await walkIn('schule', holder)).status).toBe(303);
      load.start();
      await until('every session is reported', () => load.records > 20 * SESSIONS_EACH);
      const running = `stadtfunk_sessions{site="rathaus"}`;
      await until('they are counted', async () => (await product.metric(running)) === 2 * SESSIONS_EACH);

      for (const by of [HOUR, -HOUR]) {
        const { records } = load;
        setTo(by);
        if (by > 0) await evidence.metric(product, AHEAD, (seconds) => Math.abs(seconds - by / SECOND) < 5);
        await until('records are kept', () => load.records > records + 10 * SESSIONS_EACH);
        await lasting(LASTS_MS);
        expect(await product.metric(running)).toBe(2 * SESSIONS_EACH);
        // Nobody is let in or kept out because of it.
        await until('the holder is let in', async () => (await at('schule').login(holder))?.accepted);
        expect((await at('schule').login(newDevice()))?.accepted).toBe(false);
        expect((await walkIn('rathaus')).status).toBe(303);
      }
      setTo(0);
      await evidence.logged(product, 'clocks-differ', /ahead of/);
      await evidence.metric(product, AHEAD, (seconds) => Math.abs(seconds) < 5);
      await evidence.logged(product, 'clocks-agree');

      await load.settle();
      figures('clock-set', { records: load.records });
      const store = await openStore(configOf(product), systemRandom);
      expect(await load.differences(store)).toEqual([]);
      await store.close();
      evidence.isWhatTheTableTells();
    },
    DRILL_MS,
  );
});
