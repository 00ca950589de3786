import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { readWalk, ScriptedAgent } from '../controller/agent';
import { type Alertmanager, startAlertmanager } from '../support/alertmanager';
import { deployed } from '../support/deployed';
import { describeWith } from '../support/packages';
import { type Product, prepareProduct } from '../support/product';
import { until } from '../support/wait';
import { type Prometheus, startPrometheus } from './prometheus';

/** The drill of the issue: twenty access points behind one uplink. */
const BEHIND = 20;
const PATIENCE_MS = 60_000;

const notification = z.object({
  alerts: z.array(z.object({ status: z.string(), labels: z.record(z.string(), z.string()) })),
});

describeWith(['prometheus', 'prometheus-alertmanager'], 'an uplink dies with twenty access points behind it', () => {
  const agents: ScriptedAgent[] = [];
  const told: z.output<typeof notification>[] = [];
  let receiver: Server;
  let product: Product;
  let alertmanager: Alertmanager;
  let prometheus: Prometheus;

  beforeAll(async () => {
    const walk = readWalk(join(__dirname, '../controller/fixtures/openwrt.snmprec'));
    const ports = await Promise.all(
      Array.from({ length: BEHIND + 2 }, () => {
        const agent = new ScriptedAgent(walk);
        agents.push(agent);
        return agent.start();
      }),
    );
    const ap = (id: string, site: string, port = 0): object => {
      return { id, name: id, site, host: '127.0.0.1', port, community: 'public' };
    };
    product = await prepareProduct(() => ({
      controller: { pollSeconds: 1, missesUntilDown: 2 },
      sites: [
        { id: 'rathaus', name: 'Rathaus', kind: 'public-building' },
        { id: 'schule', name: 'Schule', kind: 'school', uplink: 'router-schule' },
      ],
      accessPoints: [
        // It goes on answering: the controller is not cut off itself.
        ap('ap-rathaus', 'rathaus', ports[0]),
        ap('router-schule', 'schule', ports[1]),
        ...ports.slice(2).map((port, i) => ap(`ap-schule-${i + 1}`, 'schule', port)),
      ],
    }));
    receiver = createServer((request, response) => {
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => {
        told.push(notification.parse(JSON.parse(body)));
        response.end();
      });
    });
    await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.address() as AddressInfo;
    [alertmanager] = await Promise.all([startAlertmanager(`http://127.0.0.1:${port}/`), product.start()]);
    prometheus = await startPrometheus(
      deployed({ ops: new URL(product.opsUrl).host, alertmanager: alertmanager.address, jobs: 2 }),
    );
  }, PATIENCE_MS);

  afterAll(async () => {
    await Promise.all([prometheus?.stop(), alertmanager?.stop(), product?.remove()]);
    for (const agent of agents) agent.stop();
    receiver?.closeAllConnections();
    receiver?.close();
  });

  test(
    'all of them are up, and nobody is alarmed',
    async () => {
      await until(
        'all are up',
        async () => {
          const [up] = await prometheus.query('sum(stadtfunk_ap_up)');
          return up?.value === BEHIND + 2;
        },
        30_000,
      );
      const uplink = await until(
        'the uplink is known',
        async () => (await prometheus.query('stadtfunk_site_uplink_up'))[0],
      );
      expect(uplink).toMatchObject({ labels: { site: 'schule', ap: 'router-schule' }, value: 1 });
      expect(await prometheus.query('ALERTS')).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    'one alert is active, twenty are kept back, and people are told of one thing',
    async () => {
      for (const agent of agents.slice(1)) agent.silent = true;
      await until(
        'all alerts have been raised',
        async () => (await alertmanager.alerts()).length > BEHIND,
        PATIENCE_MS,
      );
      const alerts = await alertmanager.alerts();
      const active = alerts.filter(({ state }) => state === 'active');
      expect(active.map(({ labels }) => [labels.alertname, labels.site, labels.ap])).toEqual([
        ['SiteUplinkDown', 'schule', 'router-schule'],
      ]);
      const keptBack = alerts.filter(({ state, inhibited }) => state === 'suppressed' && inhibited);
      expect(keptBack.map(({ labels }) => labels.alertname)).toEqual(Array(BEHIND).fill('AccessPointDown'));
      await until('people have been told', () => told.length > 0);
      expect(new Set(told.flatMap((one) => one.alerts.map(({ labels }) => labels.alertname)))).toEqual(
        new Set(['SiteUplinkDown']),
      );
      const states = await prometheus.query('count by (state) (stadtfunk_ap_state{site="schule"})');
      expect(new Map(states.map(({ labels, value }) => [labels.state, value]))).toEqual(
        new Map([
          ['down', 1],
          ['parent-down', BEHIND],
        ]),
      );
    },
    2 * PATIENCE_MS,
  );
});
