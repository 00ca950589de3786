import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../../config/load';
import type { Config, Gateway } from '../../config/schema';
import { Secret } from '../../config/secret';
import { walkThrough } from '../../controller/visitor/visitors';
import { systemClock } from '../../runtime/clock';
import { packageRoot } from '../../runtime/package-root';
import { systemRandom } from '../../runtime/random';
import { type Product, prepareProduct, TEST_RADIUS_SECRET } from '../support/product';
import { until } from '../support/wait';

/** A test gateway that nobody built: the visitor plays it. Its site is its own. */
const TEST_GATEWAY = {
  id: 'gw-test',
  kind: 'uspot',
  site: 'test-bench',
  uam: { address: '127.0.0.1', secret: 'vB4nM8kS2xQ6wE9r' },
  radius: { clients: ['127.0.0.2'], secret: TEST_RADIUS_SECRET },
};
/** How else a gateway asks; each comes from an address of its own. */
const asking = (client: string) => ({ clients: [client], secret: TEST_RADIUS_SECRET });
const STEPS = ['terms', 'accept', 'radius', 'online', 'disconnect'];
const { radius: _, ...UAM } = TEST_GATEWAY;
const site = 'test-bench';
const HOTSPOT = { kind: 'mikrotik', site } as const;
const loginUrl = 'http://10.5.50.1/login';
const OPENNDS = { kind: 'opennds', site, address: '10.77.0.1:2050', faskey: 'mC7xW2kQ9vT4bN6s' } as const;
const OTHERS = [
  { ...UAM, id: 'gw-pap', uam: { ...UAM.uam, login: 'pap' }, radius: asking('127.0.0.4') },
  {
    ...UAM,
    ...{ id: 'gw-pap-clear', kind: 'coovachilli', uam: { address: '127.0.0.1', login: 'pap' } },
    radius: asking('127.0.0.5'),
  },
  { ...HOTSPOT, id: 'gw-mikrotik', hotspot: { loginUrl }, radius: asking('127.0.0.6') },
  { ...HOTSPOT, id: 'gw-mikrotik-pap', hotspot: { loginUrl, login: 'pap' }, radius: asking('127.0.0.7') },
  { ...OPENNDS, id: 'gw-opennds', level: 2 },
  { ...OPENNDS, id: 'gw-opennds-1', level: 1, address: '10.77.1.1:2050' },
];
const DEVICE = '02:00:5e:00:53:7f';

let product: Product;

beforeAll(async () => {
  product = await prepareProduct(() => ({
    sites: [
      { id: 'rathaus', name: 'Rathaus', kind: 'public-building' },
      { id: 'test-bench', name: 'Test bench', kind: 'other', statusPage: 'none' },
    ],
    gateways: [
      TEST_GATEWAY,
      {
        ...TEST_GATEWAY,
        id: 'gw-chilli',
        kind: 'coovachilli',
        radius: { ...TEST_GATEWAY.radius, clients: ['127.0.0.3'] },
      },
      // Never seen by the RADIUS server under this address, so it gets no answer.
      { ...TEST_GATEWAY, id: 'gw-unknown', radius: { ...TEST_GATEWAY.radius, clients: ['192.0.2.7'] } },
      ...OTHERS,
      {
        id: 'gw-rathaus',
        kind: 'hostapd',
        site: 'rathaus',
        radius: { clients: ['127.0.0.9'], secret: TEST_RADIUS_SECRET },
      },
    ],
    syntheticVisitors: [{ gateway: 'gw-test', everySeconds: 5, device: DEVICE }],
  }));
  await product.start();
});
afterAll(() => product.remove());

/** Runs the command beside the product. */
function visitTest(
  gateway: string,
  config = join(product.folder, 'town.yaml'),
): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const argv = ['dist/main.js', 'visit', 'test', gateway, '--config', config];
    execFile(process.execPath, argv, { cwd: packageRoot }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, said: out + err }),
    );
  });
}

test.each(['gw-test'])('`visit test %s` walks the whole way and says how long each step took', async (gateway) => {
  const { code, said } = await visitTest(gateway);
  expect(
    said
      .replaceAll(/ +\d+ ms/g, ' N ms')
      .split('\n')
      .map((line) => line.split('  ')[0]),
  ).toEqual([
    ...STEPS.map((step) => `${step} N ms`),
    `A visitor gets online through ${gateway}, and off again: N ms.`,
    '',
  ]);
  expect(code).toBe(0);
});

/** Walks beside the product, with a configuration that differs from its own if told. */
function walkBeside(gateway: string, change: (config: Config) => Config = (config) => config) {
  const loaded = loadConfig(join(product.folder, 'town.yaml'));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
  return walkThrough(change(loaded.config), gateway, { clock: systemClock, random: systemRandom });
}

test.each(['gw-chilli', ...OTHERS.map(({ id }) => id)])('a visitor walks through %s as well', async (gateway) => {
  const { steps, failed } = await walkBeside(gateway);
  expect(failed).toBeUndefined();
  const asksRadius = !gateway.startsWith('gw-opennds');
  expect(steps.map(({ step }) => step)).toEqual(STEPS.filter((step) => step !== 'radius' || asksRadius));
});

test.each(['gw-pap', 'gw-opennds'])('through %s with another secret it ends at the terms', async (gateway) => {
  const other = new Secret('zL5pD8fG1hJ4kQ7w');
  const differ = (one: Gateway): Gateway => {
    if (one.id !== gateway) return one;
    if ('uam' in one) return { ...one, uam: { ...one.uam, secret: other } };
    return one.kind === 'opennds' ? { ...one, faskey: other } : one;
  };
  const { failed } = await walkBeside(gateway, (config) => ({ ...config, gateways: config.gateways.map(differ) }));
  expect(failed?.step).toBe('terms');
});

test('the controller walks by itself, and Prometheus sees it', async () => {
  const series = 'stadtfunk_synthetic_success{gateway="gw-test"}';
  expect(await until('the first walk is over', () => product.metric(series))).toBe(1);
  for (const step of STEPS) {
    const seconds = await product.metric(
      `stadtfunk_synthetic_step_duration_seconds{gateway="gw-test",operation="${step}"}`,
    );
    expect(seconds).toBeGreaterThan(0);
  }
  expect(await product.metric('stadtfunk_synthetic_walks_total{gateway="gw-test",result="success"}')).toBeGreaterThan(
    0,
  );
});

test('what it accepts is counted at its own site only, and its device address is nowhere', async () => {
  const page = await (await fetch(`${product.opsUrl}/metrics`)).text();
  expect(page).toMatch(/stadtfunk_portal_grants_total\{site="test-bench"\} [1-9]/);
  expect(page).not.toMatch(/stadtfunk_portal_grants_total\{site="rathaus"\} [1-9]/);
  expect(page + product.output()).not.toMatch(/5e[:-]?00[:-]?53/i);
});

test('where RADIUS does not answer it says so, and what to look at', async () => {
  const { code, said } = await visitTest('gw-unknown');
  expect(said).toContain('radius        failed');
  expect(said).toContain('The RADIUS server does not answer. Is the address of this machine in radius.clients');
  expect(code).toBe(1);
});

test('where the portal cannot be reached it says so', async () => {
  const config = join(product.folder, 'elsewhere.yaml');
  writeFileSync(config, stringify({ ...product.config, portal: { url: 'http://127.0.0.1:9' } }));
  const { code, said } = await visitTest('gw-test', config);
  expect(said).toContain('The portal cannot be reached at portal.url.');
  expect(code).toBe(1);
});

test.each(['gw-rathaus', 'gw-nowhere'])('at %s no visitor can be played', async (gateway) => {
  const { code, said } = await visitTest(gateway);
  expect(said).toContain(`There are: gw-test, gw-chilli, gw-unknown, ${OTHERS.map(({ id }) => id).join(', ')}.`);
  expect(code).toBe(2);
});
