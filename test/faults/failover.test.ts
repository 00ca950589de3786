import { REJECT } from '../../core/reasons';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';
import { Keys, slotOf } from '../../store/redis/keys';
import type { Store } from '../../store/store';
import { describeWith } from '../support/packages';
import { configOf, type Product, prepareProduct } from '../support/product';
import { type RedisServer, startCluster } from '../support/redis';
import { until } from '../support/wait';
import { candidatesAt, isStoreDown, wrongAccepts } from './candidates';
import { Evidence } from './evidence';
import { DRILL_MS, figures, inForm, lasting } from './forms';
import { AccountingLoad } from './load';
import type { LoadGateway } from './load-gateway';
import { type Login, LoginLoad } from './logins';
import { faultTown, openGateways, sitesOf } from './town';

/** In the full form, which has the machine for itself, what store/redis/README.md tells towns to set. */
const NODE_TIMEOUT_MS = inForm(1_500, 500);
const BAR_MS = inForm(15_000, 3_000);
/** An answer that waits for the store longer than this is given without it. */
const ANSWERED_WITHIN_MS = inForm(3_000, 1_000);

/** Sites whose grants and keys lie on the master that will be lost: it has the first third of the slots. */
function namesOnFirstMaster(): [string, string, string] {
  const keys = new Keys('stadtfunk');
  const there = (name: string) => slotOf(keys.site(name).grants) < 5_461;
  const names = Array.from({ length: 200 }, (_, i) => `platz-${i}`).filter(there);
  return [names[0] ?? '', names[1] ?? '', names[2] ?? ''];
}

const SITES = sitesOf(namesOnFirstMaster());
const ruleOf = (site: string) => SITES.find(({ id }) => id === site)?.whenStoreFails;

describeWith(['redis-server', 'redis-cli'], 'the loss of a cluster’s master under load', () => {
  let servers: readonly RedisServer[];
  let product: Product;
  let gateways: readonly LoadGateway[];
  let store: Store;

  beforeAll(async () => {
    const lines = ['appendonly yes', 'appendfsync everysec', `cluster-node-timeout ${NODE_TIMEOUT_MS}`];
    servers = await startCluster(lines, 2);
    const redis = { cluster: servers.map(({ port }) => `127.0.0.1:${port}`), durability: 'replicas' };
    product = await prepareProduct((ports) => faultTown(ports, { kind: 'redis', redis }, SITES, 4));
    await product.start();
    gateways = await openGateways(product);
    store = await openStore(configOf(product), systemRandom);
  });
  afterAll(async () => {
    await store.close();
    for (const gateway of gateways) gateway.close();
    await product.remove();
    await Promise.all(servers.map((server) => server.end()));
  });

  test(
    'nobody is let in wrongly, nothing acknowledged is lost, each site keeps its rule, and answers come again within 3 s',
    async () => {
      const everybody = await Promise.all(gateways.map((gateway, i) => candidatesAt(gateway, store, i)));
      const load = new AccountingLoad(inForm(500, 1_000));
      for (const gateway of gateways) load.add(gateway, 40, gateway.id);
      load.start();
      const logins = new LoginLoad(everybody.flat(), 500);
      await lasting(1_000);

      load.silence();
      const lost = servers[0];
      const killedAt = systemClock.monotonic();
      await lost?.process.end('SIGKILL');
      const isOfTheStore = ({ site, who, askedAt, message }: Login) =>
        ruleOf(site) === 'grace' && who === 'stranger' && askedAt > killedAt && message === REJECT['device-unknown'];
      await until('it was noticed', () => logins.logins.some((one) => one.askedAt > killedAt && isStoreDown(one)));
      const first = await until('the store answers again', () => logins.logins.find(isOfTheStore));
      const keys = new Keys('stadtfunk');
      const concerned = new Set(
        gateways.filter(({ id }) => slotOf(keys.gateway(id).sessions) < 5_461).map(({ id }) => id),
      );
      expect(concerned.size).toBeGreaterThan(0);
      const recordsAgain = await until('records are kept again', () => {
        const at = load.lastAcknowledged(concerned);
        return at > first.answeredAt && at;
      });
      await lasting(inForm(500, 5_000));
      await logins.end();
      expect(await load.losses(store)).toEqual([]);
      const { records } = load;
      await load.settle();

      const withoutStore = logins.logins.filter(({ askedAt }) => askedAt > killedAt && askedAt < first.answeredAt);
      const without = { from: killedAt, to: first.answeredAt + ANSWERED_WITHIN_MS };
      expect(wrongAccepts(logins.logins, SITES, without)).toEqual([]);
      expect(logins.unanswered).toBe(0);
      expect(Math.max(...withoutStore.map(({ askedAt, answeredAt }) => answeredAt - askedAt))).toBeLessThan(
        ANSWERED_WITHIN_MS,
      );
      const gap = withoutStore.filter(isStoreDown);
      expect(gap.filter(({ site, who }) => ruleOf(site) === 'closed' && who === 'holder')).not.toEqual([]);
      expect(gap.filter(({ site, who }) => ruleOf(site) === 'grace' && who === 'holder')).toEqual([]);
      expect(await load.differences(store)).toEqual([]);

      const evidence = new Evidence('failover-cluster');
      const answered = `stadtfunk_radius_without_store_total{site="${SITES[0]?.id}",result="accepted"}`;
      await evidence.metric(product, answered, (count) => count > 0);
      await evidence.logged(product, 'radius-store-failed');
      evidence.isWhatTheTableTells();
      const [loginsMs, recordsMs] = [first.answeredAt - killedAt, recordsAgain - killedAt].map(Math.round);
      figures('failover-cluster', { loginsMs: loginsMs ?? 0, recordsMs: recordsMs ?? 0, records });
      expect(loginsMs).toBeLessThan(BAR_MS);
      expect(recordsMs).toBeLessThan(BAR_MS);
    },
    DRILL_MS,
  );
});
