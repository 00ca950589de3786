import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BUILD_MS, buildWifiLab, type WifiLab, wifiNeeds, wifiUp } from '../lab/wifi';
import { describeWith } from '../support/packages';
import { freeUdpPort } from '../support/ports';
import { gatewayOf, type Product, prepareProduct, TEST_RADIUS_SECRET } from '../support/product';
import { acceptTerms } from '../support/visitor';
import { until } from '../support/wait';

/** Accepted the terms at another gateway of the site. */
const VISITOR = '02:11:22:33:44:55';
const STRANGER = '02:66:77:88:99:aa';
const AP_SECRET = 'rT6wY2kM9dX4vC8s';

/** One joining takes seconds, and much longer where the machine is busy with other things. */
const PATIENCE_MS = 120_000;

let product: Product;
let disconnectPort: number;

async function startProduct(): Promise<void> {
  disconnectPort = await freeUdpPort();
  product = await prepareProduct(() => ({
    gateways: [
      {
        id: 'gw-rathaus',
        kind: 'uspot',
        site: 'rathaus',
        uam: { address: '127.0.0.1' },
        radius: { clients: ['127.0.0.9'], secret: TEST_RADIUS_SECRET },
      },
      {
        id: 'ap-rathaus',
        kind: 'hostapd',
        site: 'rathaus',
        radius: { clients: ['127.0.0.1'], secret: AP_SECRET, dynamicAuthorization: { port: disconnectPort } },
      },
    ],
  }));
  await product.start();
}

async function accept(device: string): Promise<void> {
  expect(await acceptTerms(product.portalUrl, gatewayOf(product), device)).toBeDefined();
}

/** Runs a command of the product, as its operator does. */
async function stadtfunk(...words: string[]): Promise<string> {
  const config = ['--config', join(product.folder, 'town.yaml')];
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/main.js', ...words, ...config]);
  return stdout;
}

function labUp(steady: boolean): Promise<WifiLab> {
  const { authentication, accounting } = product.ports;
  return wifiUp({
    authenticationPort: authentication,
    accountingPort: accounting,
    disconnectPort,
    secret: AP_SECRET,
    steady,
  });
}

const metric = async (series: string): Promise<number> => (await product.metric(`stadtfunk_${series}`)) ?? Number.NaN;
const sessions = () => metric('sessions{site="rathaus"}');
const records = (kind: string) => metric(`radius_accounting_records_total{kind="${kind}"}`);
const octets = (direction: string) => metric(`site_octets_total{site="rathaus",direction="${direction}"}`);

describeWith(wifiNeeds, 'Debian’s hostapd and wpa_supplicant over simulated 802.11', () => {
  beforeAll(async () => {
    await buildWifiLab();
    await startProduct();
  }, BUILD_MS);
  afterAll(() => product?.remove());

  describe('an open network', () => {
    let lab: WifiLab;
    beforeAll(async () => {
      lab = await labUp(false);
      await lab.run('ap open');
    }, PATIENCE_MS);
    afterAll(() => lab?.down());

    test('an access point that starts says so, and no session runs [RFC 2866 5.1]', async () => {
      expect(await records('on')).toBe(1);
      expect(await sessions()).toBe(0);
    });

    test(
      'a device that holds no grant is turned away',
      async () => {
        expect(await lab.join(STRANGER)).toBe('refused');
        expect(await metric('radius_replies_total{code="access-reject"}')).toBeGreaterThan(0);
        expect(await sessions()).toBe(0);
      },
      PATIENCE_MS,
    );

    test(
      'a device that holds a grant joins, and its session begins',
      async () => {
        await accept(VISITOR);
        expect(await lab.join(VISITOR)).toBe('associated NONE');
        expect(await metric('radius_replies_total{code="access-accept"}')).toBeGreaterThan(0);
        await until('its session runs', async () => (await sessions()) === 1);
        expect(await lab.run('address')).toMatch(/^10\.77\.0\.\d+$/);
      },
      PATIENCE_MS,
    );

    test(
      'what it loads is counted as download, in interim reports and when it leaves',
      async () => {
        expect(await lab.run('download 500')).toBe('500000');
        await until('an interim report says so', async () => (await octets('download')) > 500_000, PATIENCE_MS);
        expect(await octets('upload')).toBeLessThan(100_000);
        expect(await records('interim')).toBeGreaterThan(0);

        await lab.run('leave');
        await until('its session is over', async () => (await sessions()) === 0);
        expect(await records('stop')).toBeGreaterThan(0);
      },
      PATIENCE_MS,
    );

    test(
      '`stadtfunk sessions end` sends it away, and keeps it away once hostapd asks again [RFC 5176 2.1]',
      async () => {
        expect(await lab.join(VISITOR)).toBe('associated NONE');
        await until('its session runs', async () => (await sessions()) === 1);
        const rejects = await metric('radius_replies_total{code="access-reject"}');
        expect(await stadtfunk('sessions', 'end', '--site', 'rathaus')).toContain('1 of 1 sessions ended');
        expect(await lab.run('gone 10')).toContain('DISCONNECTED');
        // hostapd remembers for 30 s that the device was accepted, and lets it in again meanwhile.
        const isRefused = async () => (await metric('radius_replies_total{code="access-reject"}')) > rejects;
        await until('it is turned away', isRefused, PATIENCE_MS);
        await until('its session is over', async () => (await sessions()) === 0, PATIENCE_MS);
        expect(await lab.run('is_associated || echo away')).toBe('away');
      },
      PATIENCE_MS,
    );

    test('no device address is in the log', () => {
      expect(product.output().toLowerCase()).not.toMatch(/02.?11.?22.?33.?44.?55|02.?66.?77.?88.?99.?aa/);
    });
  });

  test(
    'Enhanced Open: a device with a grant joins, and nobody reads along [RFC 8110]',
    async () => {
      await accept(VISITOR);
      const lab = await labUp(true);
      try {
        await lab.run('ap owe');
        expect(await lab.join(VISITOR)).toBe('associated OWE');
        await until('its session runs', async () => (await sessions()) === 1);
      } finally {
        await lab.down();
      }
    },
    2 * PATIENCE_MS,
  );

  test('nothing that came was left without answer', async () => {
    const page = await (await fetch(`${product.opsUrl}/metrics`)).text();
    expect(page.match(/^stadtfunk_radius_dropped_total\{.*\} [1-9].*$/gm) ?? []).toEqual([]);
  });
});
