import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../runtime/package-root';
import { describeWith } from '../support/packages';
import { type Product, prepareProduct } from '../support/product';
import { prepareSnmpd, type Snmpd } from '../support/snmpd';
import { until } from '../support/wait';
import { type Prometheus, startPrometheus } from './prometheus';

const AP = '{ap="ap-rathaus-1",site="rathaus"}';
const POLL_SECONDS = 1;
const POLICY = { missesUntilDown: 2, answersUntilUp: 2 };
/** How long a poll may go on: one that began in the outage can be answered when the agent goes on meanwhile. */
const MISS_SECONDS = 5;

describeWith(['snmpd', 'prometheus'], 'an outage of Debian’s snmpd, seen through Prometheus', () => {
  let agent: Snmpd;
  let product: Product;
  let prometheus: Prometheus;
  let downSince: number;

  beforeAll(async () => {
    agent = await prepareSnmpd();
    await agent.start();
    product = await prepareProduct(() => ({
      controller: { pollSeconds: POLL_SECONDS, ...POLICY },
      accessPoints: [
        {
          id: 'ap-rathaus-1',
          name: 'Foyer',
          site: 'rathaus',
          host: '127.0.0.1',
          port: agent.port,
          community: agent.community,
        },
      ],
    }));
    await product.start();
    prometheus = await startPrometheus(scrapeConfiguration(product));
  });

  afterAll(async () => {
    await prometheus?.stop();
    await product?.remove();
    await agent?.remove();
  });

  /** The newest value of a series, as Prometheus has it. */
  async function value(expression: string): Promise<number | undefined> {
    return (await prometheus.query(expression))[0]?.value;
  }

  const since = (): Promise<number | undefined> => value(`stadtfunk_ap_state_since_timestamp_seconds${AP}`);
  const seen = (up: 0 | 1): Promise<true> =>
    until(`Prometheus has seen ${up}`, async () => (await value(`stadtfunk_ap_up${AP}`)) === up);

  test('the scrape job of deploy/prometheus finds the product, and the access point is up', async () => {
    await seen(1);
    await until(
      'both pages are read',
      async () => (await value('min(up{job=~"stadtfunk.*"})')) === 1 && (await value('count(up)')) === 2,
    );
  });

  test('when it falls silent, an outage is open from the first poll that it missed', async () => {
    const stoppedAt = Date.now() / 1000;
    agent.freeze();
    await seen(0);
    downSince = (await since()) ?? 0;
    expect(downSince).toBeGreaterThanOrEqual(stoppedAt - MISS_SECONDS);
    // That poll was waited for before anything was called down: the beginning is not when it was noticed.
    expect(downSince).toBeLessThan(Date.now() / 1000 - MISS_SECONDS);
    expect(await value(`stadtfunk_ap_outages_total${AP}`)).toBe(1);
  });

  test('the outage keeps its beginning when the product is killed and comes back', async () => {
    await product.end('SIGKILL');
    await product.start();
    const restartedAt = Date.now() / 1000;
    await until('Prometheus has asked the new process', async () => {
      const scrapedAt = await value(`timestamp(stadtfunk_ap_up${AP})`);
      return scrapedAt !== undefined && scrapedAt > restartedAt;
    });
    expect(await value(`stadtfunk_ap_up${AP}`)).toBe(0);
    expect(await since()).toBe(downSince);
  });

  test('when it answers again, the outage is closed at the first poll that it answered', async () => {
    const startedAt = Date.now() / 1000;
    agent.thaw();
    await seen(1);
    const upSince = (await since()) ?? 0;
    expect(upSince).toBeGreaterThanOrEqual(startedAt - MISS_SECONDS);
    expect(upSince).toBeLessThan(Date.now() / 1000);
    const durationSeconds = Math.round(upSince - downSince);
    expect(product.output()).toMatch(
      new RegExp(`"durationSeconds":${durationSeconds},"reason":"network","event":"outage-closed"`),
    );
  });
});

/** deploy/prometheus/prometheus.yml as it is, but for the address of the product and a scrape every second. */
function scrapeConfiguration(product: Product): Record<string, unknown> {
  const file = join(packageRoot, 'deploy', 'prometheus', 'prometheus.yml');
  const { scrape_configs } = parse(readFileSync(file, 'utf8'));
  return {
    global: { scrape_interval: '1s' },
    scrape_configs: scrape_configs.slice(0, 2).map((job: Record<string, unknown>) => ({
      ...job,
      scrape_interval: '1s',
      scrape_timeout: '1s',
      static_configs: [{ targets: [new URL(product.opsUrl).host] }],
    })),
  };
}
