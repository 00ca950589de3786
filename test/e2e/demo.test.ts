import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { walkIn } from '../../demo/visitors';
import { packageRoot } from '../../runtime/package-root';
import { dashboards, resolved } from '../support/dashboards';
import { deployed, exampleJob } from '../support/deployed';
import { describeWith, findProgram } from '../support/packages';
import { type RunningProcess, startProcess } from '../support/process';
import { metricsPath } from '../support/product';
import { until } from '../support/wait';
import { type Prometheus, startPrometheus } from './prometheus';

const PORTAL = 'http://127.0.0.1:8080';
const OPS = 'http://127.0.0.1:9180';
const PROMISED_START_MS = 15_000;
const PATIENCE_MS = 40_000;

let folder: string;
let product: RunningProcess;
let prometheus: Prometheus;

async function metricValue(series: string): Promise<number | undefined> {
  const page = await (await fetch(`${OPS}${metricsPath(series)}`)).text();
  const line = page.split('\n').find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stadtfunk-demo-'));
  mkdirSync(join(folder, 'config'));
  cpSync(join(packageRoot, 'config', 'demo.yaml'), join(folder, 'config', 'demo.yaml'));
  product = startProcess(['dist/main.js', '--config', join(folder, 'config', 'demo.yaml')]);
  await until(
    'the demo is ready',
    () =>
      fetch(`${OPS}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      ),
    PROMISED_START_MS,
  );
  if (findProgram('prometheus') === undefined) return;
  const ops = new URL(OPS).host;
  const jobs = deployed({ ops, jobs: 2 });
  prometheus = await startPrometheus({ ...jobs, scrape_configs: [jobs.scrape_configs, exampleJob(ops)].flat() });
});

afterAll(async () => {
  await prometheus?.stop();
  await product.end('SIGKILL');
  rmSync(folder, { recursive: true });
});

describe('the demo town that npm start shows', () => {
  test('the start page is marked as a demo and every link on it leads somewhere', async () => {
    const page = await (await fetch(`${PORTAL}/`)).text();
    expect(page).toContain('Vorführung');
    const links = [...page.matchAll(/href="(http[^"]+|\/[^"]*)"/g)].map(
      (match) => new URL(match[1] ?? '', PORTAL).href,
    );

    expect(links).toEqual(expect.arrayContaining([`${OPS}/metrics`, `${PORTAL}/status/gesamtschule?l=de`]));
    for (const link of links.filter((href) => new URL(href).hostname === '127.0.0.1')) {
      expect([link, (await fetch(link)).status]).toEqual([link, 200]);
    }
  });

  test('a visitor gets online through a simulated gateway', async () => {
    expect(await walkIn('http://127.0.0.1:3990', '02:00:5e:00:00:99')).toMatchObject({ online: true });
  });

  test('simulated visitors and access points keep sessions, volume and health alive', async () => {
    for (const series of [
      'stadtfunk_ap_up{ap="ap-schule-aula",site="gesamtschule"}',
      'stadtfunk_sessions{site="marktplatz"}',
      'stadtfunk_site_octets_total{site="stadtbibliothek",direction="download"}',
      'stadtfunk_radius_accounting_records_total{kind="interim"}',
    ]) {
      await until(`${series} is above zero`, async () => ((await metricValue(series)) ?? 0) > 0);
    }
  });

  describeWith('prometheus', 'watched by Debian’s Prometheus', () => {
    /** What nothing in the demo has: uplinks, radios that tell of their channel, refusals, a synthetic visitor; and the hall has no outage. */
    const EMPTY_HERE =
      /_uplink_up\{site=~".\*"\}\)$|_channel_utilization_ratio|_noise_dbm|_band_clients|_(refused|rejects|dropped)_total.* > 0$|_synthetic_|_ap_(last_)?outage[_{]/;

    test('every question of the dashboards has an answer', async () => {
      const questions = dashboards().flatMap(({ panels }) => panels.flatMap(({ targets }) => targets));
      const asked = new Set(questions.map(({ expr }) => resolved(expr, '.*', 'ap-schule-aula', '15s', '30s')));
      const open = new Set([...asked].filter((question) => !EMPTY_HERE.test(question)));
      expect(open.size).toBeGreaterThan(30);
      await until(
        'they all have',
        async () => {
          for (const question of open) if ((await prometheus.query(question)).length > 0) open.delete(question);
          return open.size === 0;
        },
        PATIENCE_MS,
      ).catch(() => expect([...open]).toEqual([]));
      for (const question of asked) await prometheus.query(question);
    });

    test('every rule can be worked out, and in a town in which all is well no alert is raised', async () => {
      const rules = await prometheus.rules();
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
      for (const { name } of rules.filter(({ type }) => type === 'recording')) {
        expect([name, (await prometheus.query(name)).length > 0]).toEqual([name, true]);
      }
      expect(rules.filter(({ type }) => type === 'alerting').length).toBeGreaterThan(5);
      expect(await prometheus.query('ALERTS{ap!="ap-bus-5"}')).toEqual([]);
    });

    test('the access points are found as targets of other scrapes, as the example in prometheus.yml says', async () => {
      const targets = await until('they are found', async () => {
        const found = await prometheus.targets('ping');
        return found.length === 8 && found;
      });
      const aula = targets.find(({ labels }) => labels.ap === 'ap-schule-aula');
      expect(aula).toEqual({
        labels: { job: 'ping', ap: 'ap-schule-aula', site: 'gesamtschule', instance: 'ap-schule-aula' },
        url: 'http://127.0.0.1:9115/probe?module=icmp&target=127.0.0.1',
      });
    });
  });

  test('a school sees that its Wi-Fi works', async () => {
    const status: unknown = await until('the school works', async () => {
      const report: unknown = await (await fetch(`${PORTAL}/status/gesamtschule.json`)).json();
      return typeof report === 'object' && report !== null && 'state' in report && report.state === 'works' && report;
    });
    expect(status).toMatchObject({ site: 'gesamtschule', accessPoints: expect.any(Array) });
    expect((await fetch(`${PORTAL}/status/unterkunft-hafenstrasse`)).status).toBe(404);
  });

  test('SIGHUP reads the configuration again', async () => {
    product.signal('SIGHUP');
    await until('it has reloaded', () => product.output().includes('"event":"reloaded"'));
    expect(await metricValue('stadtfunk_config_last_reload_successful')).toBe(1);
  });

  test('it says for a person where everything is, and stops in order', async () => {
    expect(product.output()).toContain(`Start here:  ${PORTAL}/`);
    expect(await product.end('SIGINT')).toBe(0);
    expect(readFileSync(join(packageRoot, 'README.md'), 'utf8')).toContain(`${PORTAL}/`);
  });
});
