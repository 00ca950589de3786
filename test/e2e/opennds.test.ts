import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type Lab, labNeeds, labUp } from '../lab/lab';
import { addressCanaries, canaries, searchFiles } from '../support/canary';
import { describeWith } from '../support/packages';
import { type Product, prepareProduct } from '../support/product';
import { until } from '../support/wait';

const FASKEY = 'dV9qT4mB7xW2kL5z';
const DEVICE = '02:00:5e:20:00:01';
const SESSION_SECONDS = 60;

/** What phones and computers ask to learn whether they are online, and the answer when they are. */
const PROBES = [
  { system: 'Android', url: 'http://connectivitycheck.gstatic.com/generate_204', status: 204, body: '' },
  { system: 'iOS', url: 'http://captive.apple.com/hotspot-detect.html', status: 200, body: 'Success' },
  { system: 'Windows', url: 'http://www.msftconnecttest.com/connecttest.txt', status: 200, body: 'Microsoft Connect' },
];

describeWith([...labNeeds, 'chromium'], 'Debian’s openNDS as the access point and Chromium as the visitor', () => {
  let lab: Lab;
  let product: Product;
  let browser: Browser;
  let acceptedAt: number;

  beforeAll(async () => {
    lab = await labUp({ LAB_FAS_KEY: FASKEY, LAB_SESSION_MIN: SESSION_SECONDS / 60, LAB_CHECK_SEC: 1, LAB_CLIENTS: 2 });
    product = await prepareProduct(
      ({ ops }) => ({
        portal: { url: 'http://portal.test:8080', listen: { host: '0.0.0.0', port: 8080 } },
        ops: { listen: { host: '127.0.0.1', port: ops } },
        sites: [
          { id: 'rathaus', name: 'Rathaus', kind: 'public-building', rules: { sessionMinutes: SESSION_SECONDS / 60 } },
        ],
        gateways: [{ id: 'lab', kind: 'opennds', site: 'rathaus', address: '10.77.0.1:2050', faskey: FASKEY }],
      }),
      lab.place('srv'),
    );
    await product.start();
    browser = await chromium.launch({
      executablePath: lab.chromium('client1'),
      chromiumSandbox: false,
      args: ['--disable-gpu', '--disable-quic'],
    });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await product?.remove();
    await lab?.down();
  }, 30_000);

  /** Lets a visitor without script do something; a picture of where it failed stays behind. */
  async function visit(what: (page: Page) => Promise<void>, options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext({ locale: 'de-DE', javaScriptEnabled: false, ...options });
    const page = await context.newPage();
    try {
      await what(page);
    } catch (error) {
      const picture = join(tmpdir(), `stadtfunk-opennds-${Date.now()}.png`);
      await page.screenshot({ path: picture, fullPage: true });
      throw new Error(`failed at ${page.url().split('?')[0]}, see ${picture}`, { cause: error });
    } finally {
      await context.close();
    }
  }

  /** The whole way: some page, the terms, the button, and through the gateway to the page that says until when. */
  async function accept(page: Page): Promise<void> {
    await page.goto('http://example.test/');
    await page.getByRole('button', { name: 'verbinden' }).click();
    await page.waitForURL(/^http:\/\/portal\.test:8080\/connected\?/, { timeout: 10_000 });
  }

  const grants = (): Promise<number | undefined> =>
    product.metric('stadtfunk_portal_grants_total{site="rathaus",language="de"}');

  test.each(PROBES)('what $system asks is redirected to the portal', async ({ url }) => {
    const { status, location } = await lab.curl('client1', url);
    expect(status).toBe(307);
    expect(location).toMatch(/^http:\/\/portal\.test:8080\/opennds\/lab\?fas=/);
  });

  test.each([
    {
      locale: 'de-DE',
      button: 'Ich bin einverstanden – verbinden',
      terms: 'Nutzungsbedingungen',
      first: 'Was wir anbieten',
    },
    { locale: 'en-GB', button: 'I agree – connect', terms: 'Terms of use', first: 'What we offer' },
  ])(
    'any page leads to the terms, in the language of the browser: $locale',
    async ({ locale, button, terms, first }) => {
      await visit(
        async (page) => {
          await page.goto('http://example.test/some/page');
          expect(new URL(page.url()).origin).toBe('http://portal.test:8080');
          expect(await page.locator('html').getAttribute('lang')).toBe(locale.slice(0, 2));
          expect(await page.getByRole('button', { name: button }).isVisible()).toBe(true);
          await page.getByText(terms, { exact: false }).first().click();
          expect(await page.getByRole('heading', { name: first }).isVisible()).toBe(true);
        },
        { locale },
      );
    },
  );

  test('the button leads this device online and no other, and the page after it says until when', async () => {
    await visit(async (page) => {
      await accept(page);
      acceptedAt = Date.now();
      const saysUntil = Date.parse((await page.locator('time').getAttribute('datetime')) ?? '');
      expect(Math.abs(saysUntil - acceptedAt - SESSION_SECONDS * 1000)).toBeLessThan(2_000);

      await page.goto('http://example.test/');
      expect(await page.locator('p').textContent()).toBe('This is example.test');
    });
    expect(await grants()).toBe(1);
    expect(await lab.check('client2')).toMatch(/^captive/);
  });

  test.each(PROBES)('what $system asks is answered now', async ({ url, status, body }) => {
    const answer = await lab.curl('client1', url);
    expect(answer).toMatchObject({ status, location: '' });
    expect(answer.body).toContain(body);
  });

  test('when the time is over the visitor is before the portal again, and one tap leads online again', async () => {
    await until('the session has ended', async () => (await lab.check('client1')) !== 'online', 75_000);
    const lastedSeconds = (Date.now() - acceptedAt) / 1000;
    expect(lastedSeconds).toBeGreaterThan(SESSION_SECONDS - 2);
    expect(lastedSeconds).toBeLessThan(SESSION_SECONDS + 5);

    await visit(accept);
    expect(await lab.check('client1')).toBe('online');
    expect(await grants()).toBe(2);
  }, 100_000);

  test('an access point with another faskey gets nobody online: the visitor reads why and whom to tell', async () => {
    await lab.run('gw', 'sed', '-i', 's/^faskey .*/faskey aQ2wS4eD6rF8tG1h/', '/etc/opennds/opennds.conf');
    await lab.restart();
    await visit(async (page) => {
      const response = await page.goto('http://example.test/');
      expect(response?.status()).toBe(400);
      expect(await page.getByRole('button').count()).toBe(0);
      expect(await page.locator('body').textContent()).toContain('wlan@teststadt.example');
    });
    expect(await lab.check('client1')).toMatch(/^captive/);
    expect(await grants()).toBe(2);
    expect(await product.metric('stadtfunk_portal_refused_total{gateway="lab",reason="signature-wrong"}')).toBe(1);
  }, 40_000);

  test('neither address of the visitor’s device is in the store, the log or the metrics, in any form', async () => {
    const lease = await lab.run('client1', 'ip', '-4', '-o', 'addr', 'show', 'eth0');
    const address = /inet ([\d.]+)/.exec(lease)?.[1] ?? '';
    expect(address).toMatch(/^10\.77\.0\.1\d\d$/);
    const metrics = await lab.place('srv').get(`${product.opsUrl}/metrics`);
    writeFileSync(join(product.folder, 'log.txt'), product.output());
    writeFileSync(join(product.folder, 'metrics.txt'), metrics ?? '');
    const needles = [...canaries(DEVICE), ...addressCanaries(address)];
    expect(searchFiles(product.folder, needles)).toEqual([]);

    writeFileSync(join(product.folder, 'planted.txt'), `${DEVICE} at ${address}`);
    expect(searchFiles(product.folder, needles)).toHaveLength(2);
  });
});
