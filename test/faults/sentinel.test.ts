import { REJECT } from '../../core/reasons';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';
import type { Store } from '../../store/store';
import { describeWith } from '../support/packages';
import { configOf } from '../support/product';
import { type RedisServer, startRedis, startSentinel } from '../support/redis';
import { until } from '../support/wait';
import { candidatesAt, isStoreDown, wrongAccepts } from './candidates';
import { Evidence } from './evidence';
import { DRILL_MS, figures, inForm, lasting } from './forms';
import { AccountingLoad } from './load';
import { type Login, LoginLoad } from './logins';
import { type RunningTown, startTown } from './running-town';
import { sitesOf } from './town';
import { Wire } from './wire';

const SITES = sitesOf();
/** An answer that waits for the store longer than this is given without it. */
const ANSWERED_WITHIN_MS = inForm(3_000, 1_000);
/** Sentinel waits for two seconds until it calls a master down, and lets the others choose after that. */
const BAR_MS = inForm(40_000, 10_000);
/** Longer than a confirmation is waited for, twice. */
const APART_MS = 2_500;
const LINES = ['appendonly yes', 'appendfsync everysec', 'repl-diskless-sync-delay 0'];

describeWith(['redis-server', 'redis-cli'], 'the loss of a master that Sentinel watches, under load', () => {
  let servers: readonly RedisServer[] = [];
  let sentinel: RedisServer;
  /** From the replicas to the master. */
  let wire: Wire;
  let town: RunningTown;
  let store: Store;

  beforeAll(async () => {
    const master = await startRedis(LINES);
    wire = await Wire.to(master.port);
    const replicaLines = [...LINES, `replicaof 127.0.0.1 ${wire.port}`];
    // With one alone nobody would be left who could confirm what the new master takes.
    const replicas = await Promise.all([startRedis(replicaLines), startRedis(replicaLines)]);
    servers = [master, ...replicas];
    const follows = ({ cli }: RedisServer) => /\bconnected\b/.test(cli('role'));
    await until('the replicas follow', () => replicas.every(follows));
    sentinel = await startSentinel(master);
    await until('Sentinel knows the replicas', () =>
      sentinel.cli('sentinel', 'master', 'town').includes('num-slaves\n2'),
    );
    const redis = { sentinels: [`127.0.0.1:${sentinel.port}`], master: 'town', durability: 'replicas' };
    town = await startTown({ kind: 'redis', redis });
    store = await openStore(configOf(town.product), systemRandom);
  });
  afterAll(async () => {
    await store.close();
    await town.remove();
    wire.end();
    await Promise.all([sentinel, ...servers].map((server) => server.end()));
  });

  test(
    'failover-sentinel: nobody is let in wrongly, nothing acknowledged is lost, and it goes on by itself',
    async () => {
      const evidence = new Evidence('failover-sentinel');
      const { product, gateways } = town;
      const everybody = await Promise.all(gateways.map((gateway, i) => candidatesAt(gateway, store, i)));
      const load = new AccountingLoad(inForm(200, 1_000));
      for (const gateway of gateways) load.add(gateway, 20, gateway.id);
      load.start();
      const logins = new LoginLoad(everybody.flat(), inForm(1_000, 500));
      await until('records are kept', () => load.records > 200);

      // What the master takes alone before it is lost, nobody has afterwards.
      const apartAt = systemClock.monotonic();
      wire.cut();
      await lasting(300);
      load.silence();
      await lasting(APART_MS);
      const killedAt = systemClock.monotonic();
      await servers[0]?.process.end('SIGKILL');
      wire.mend();
      const since = (one: Login) => one.askedAt > killedAt;
      await until('it was noticed', () => logins.logins.some((one) => since(one) && isStoreDown(one)));
      const isOfTheStore = (one: Login) =>
        since(one) && one.site === 'rathaus' && one.who === 'stranger' && one.message === REJECT['device-unknown'];
      const first = await until('the store answers again', () => logins.logins.find(isOfTheStore));
      const all = new Set(gateways.map(({ id }) => id));
      const recordsAgain = await until('records are kept again', () => {
        const at = load.lastAcknowledged(all);
        return at > first.answeredAt && at;
      });
      await lasting(inForm(500, 5_000));
      await logins.end();
      expect(await load.losses(store)).toEqual([]);
      const { records } = load;
      await load.settle();

      const without = { from: apartAt, to: first.answeredAt + ANSWERED_WITHIN_MS };
      expect(wrongAccepts(logins.logins, SITES, without)).toEqual([]);
      expect(logins.unanswered).toBe(0);
      expect(await load.differences(store)).toEqual([]);
      expect((await town.walkIn('rathaus')).status).toBe(303);

      const answered = 'stadtfunk_radius_without_store_total{site="rathaus",result="accepted"}';
      await evidence.metric(product, answered, (count) => count > 0);
      await evidence.logged(product, 'radius-store-failed');
      const [loginsMs, recordsMs] = [first.answeredAt - killedAt, recordsAgain - killedAt].map(Math.round);
      figures('failover-sentinel', { loginsMs: loginsMs ?? 0, recordsMs: recordsMs ?? 0, records });
      expect(loginsMs).toBeLessThan(BAR_MS);
      expect(recordsMs).toBeLessThan(BAR_MS);
      evidence.isWhatTheTableTells();
    },
    DRILL_MS,
  );
});
