import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { packageRoot } from '../../runtime/package-root';
import { type Lab, labUp } from '../lab/lab';
import { startIn } from '../support/process';
import { type Product, prepareProduct } from '../support/product';
import { until } from '../support/wait';

export const FASKEY = 'dV9qT4mB7xW2kL5z';
export const SESSION_SECONDS = 60;
const AUTHMON_PATH = 'wJ7dQx2Rk9Tn4Vb8';
const AGENT_SECRET = 'hN3sZc8Lp5Gf1Wy6';
const AGENT_CONF = '/etc/stadtfunk-agent.conf';

/** An access point with openNDS at one level and our agent, the product, and two visitors with Chromium. */
export interface Town {
  readonly level: number;
  readonly lab: Lab;
  readonly product: Product;
  /** Where visitors are redirected to. */
  readonly portal: string;
  /** Lets a visitor do something in a window without script; a picture of where it failed stays behind. */
  visit(client: 'client1' | 'client2', what: (page: Page) => Promise<void>, locale?: string): Promise<void>;
  /** `stadtfunk ...`, as an operator runs it beside the product. */
  command(...args: string[]): Promise<string>;
  down(): Promise<void>;
}

export async function townUp(level: 1 | 2 | 3): Promise<Town> {
  const usesAuthmon = level === 3;
  const portal = usesAuthmon ? 'https://portal.test' : 'http://portal.test:8080';
  const lab = await labUp(
    {
      LAB_FAS_LEVEL: level,
      LAB_FAS_KEY: FASKEY,
      LAB_FAS_PORT: usesAuthmon ? 443 : 8080,
      LAB_FAS_PATH: usesAuthmon ? `/opennds/lab/${AUTHMON_PATH}` : '/opennds/lab',
      // authmon gives each session its own length.
      LAB_SESSION_MIN: usesAuthmon ? 60 : SESSION_SECONDS / 60,
      LAB_POLL_SEC: 1,
      LAB_CHECK_SEC: 1,
      LAB_CLIENTS: 2,
      LAB_BINAUTH: join(packageRoot, 'deploy/openwrt/stadtfunk-agent'),
    },
    String.fromCharCode(96 + level),
  );
  const srv = lab.place('srv');
  const product = await prepareProduct(
    ({ ops }) => ({
      portal: {
        url: portal,
        listen: { host: '0.0.0.0', port: usesAuthmon ? 443 : 8080 },
        ...(usesAuthmon && { tls: { certificate: join(lab.tls, 'site.pem'), key: join(lab.tls, 'site.key') } }),
      },
      ops: { listen: { host: '127.0.0.1', port: ops } },
      sites: [
        { id: 'rathaus', name: 'Rathaus', kind: 'public-building', rules: { sessionMinutes: SESSION_SECONDS / 60 } },
      ],
      gateways: [
        {
          ...{ id: 'lab', kind: 'opennds', site: 'rathaus', address: '10.77.0.1:2050', level },
          ...{ faskey: FASKEY, agentSecret: AGENT_SECRET },
          ...(usesAuthmon && { authmonPath: AUTHMON_PATH }),
        },
      ],
    }),
    srv,
  );
  await product.start();
  await startAgent(lab, portal);
  // Both at the beginning: while the first visitor's minute runs, nobody waits for the second one's browser.
  const launch = (client: 'client1' | 'client2'): Promise<Browser> => {
    const options = { executablePath: lab.chromium(client), chromiumSandbox: false };
    return chromium.launch({ ...options, args: ['--disable-gpu', '--disable-quic'] });
  };
  const [client1, client2] = await Promise.all([launch('client1'), launch('client2')]);
  const browsers = { client1, client2 };
  return {
    ...{ level, lab, product, portal },
    visit: async (client, what, locale = 'de-DE') => {
      const context = await browsers[client].newContext({ locale, javaScriptEnabled: false, ignoreHTTPSErrors: true });
      const page = await context.newPage();
      try {
        await what(page);
      } catch (error) {
        const picture = join(tmpdir(), `stadtfunk-opennds-${level}-${Date.now()}.png`);
        await page.screenshot({ path: picture, fullPage: true });
        const where = page.url().split('?')[0];
        const said = `level ${level} failed at ${where}, see ${picture}: ${String(error)}`;
        lab.explain(new Error(said, { cause: error }));
      } finally {
        await context.close();
      }
    },
    command: (...args) =>
      lab.run('srv', process.execPath, 'dist/main.js', ...args, '--config', join(product.folder, 'town.yaml')),
    down: async () => {
      for (const browser of [client1, client2]) await browser.close();
      await product.remove();
      await lab.down();
    },
  };
}

/** The agent as OpenWrt would run it: in busybox's shell, with busybox's programs. */
async function startAgent(lab: Lab, portal: string): Promise<void> {
  const settings = [`url=${portal}/agent/lab`, 'gateway=lab', `secret=${AGENT_SECRET}`, 'every=1', 'interim=5'].join(
    '\n',
  );
  const install = 'printf "%s\\n" "$1" >"$2"; mkdir /tmp/busybox; busybox --install -s /tmp/busybox';
  await lab.run('gw', 'sh', '-c', install, '-', settings, AGENT_CONF);
  const path = 'PATH=/tmp/busybox:/usr/bin';
  startIn(lab.place('gw').prefix, ['env', path, 'busybox', 'sh', lab.binauth, 'run']);
}

/** The whole way: some page, the terms, the button, and through the gateway to the page that says until when. */
export async function accept(town: Town, page: Page): Promise<void> {
  await page.goto('http://example.test/');
  await page.getByRole('button', { name: 'verbinden' }).click();
  await page.waitForURL((url) => url.origin === town.portal && url.pathname === '/connected');
}

/** Waits until the visitor is before the portal again. */
export function captiveAgain(town: Town, client: 'client1' | 'client2', timeoutMs?: number): Promise<unknown> {
  const { lab, level } = town;
  return until(`${client} is captive at level ${level}`, async () => (await lab.check(client)) !== 'online', timeoutMs);
}

export function online(town: Town, client: 'client1' | 'client2'): Promise<unknown> {
  return until(`${client} is online at level ${town.level}`, async () => (await town.lab.check(client)) === 'online');
}
