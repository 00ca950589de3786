import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { HOUR } from '../../core/time';
import { describeWith } from '../support/packages';
import { launchChromium } from './support/chromium';
import { closeStores, NOW, openndsRedirect, schoolFault, testPortal, townConfig, uamRedirect } from './support/town';

// What runs inside the page is text here: the types of the browser are no part of this project.
const WIDTH = 'document.documentElement.scrollWidth';
const FOCUSED = `(() => {
  const element = document.activeElement;
  const { top, bottom } = element.getBoundingClientRect();
  const outline = Number.parseFloat(getComputedStyle(element).outlineWidth);
  const isLast = element.matches('main button');
  return { tag: element.tagName, isLast, outline, inView: top >= 0 && bottom <= innerHeight };
})()`;
const SMALL_TARGETS = `[...document.querySelectorAll('a, button, summary')].filter((element) => {
  const { width, height } = element.getBoundingClientRect();
  return Math.min(width, height) < 24 && !element.closest('p');
}).map((element) => element.outerHTML)`;
const AXE_FINDINGS = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`;

const servers: Server[] = [];

/** A server that already knows its port when its answers are made. */
async function serve(make: (port: number) => RequestListener | Promise<RequestListener>): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.on('request', await make(port));
  servers.push(server);
  return port;
}

/** A portal on a real port, and a gateway stand-in whose /logon brings the browser where the portal asked. */
async function serveTown() {
  const logons: URLSearchParams[] = [];
  const gatewayPort = await serve((port) => (request, response) => {
    const url = new URL(request.url ?? '/', `http://127.0.0.1:${port}`);
    logons.push(url.searchParams);
    const location = url.searchParams.get('userurl') ?? url.searchParams.get('redir') ?? '/';
    response.writeHead(302, { Location: location }).end();
  });
  let portal: Awaited<ReturnType<typeof testPortal>> | undefined;
  const port = await serve(async (own) => {
    const config = townConfig((yaml) =>
      yaml
        .replace('http://portal.test:8080', `http://127.0.0.1:${own}`)
        .replaceAll('port: 3990', `port: ${gatewayPort}`)
        .replace('10.77.0.1:2050', `127.0.0.1:${gatewayPort}`),
    );
    portal = await testPortal(config);
    await schoolFault(portal.store);
    return portal.app;
  });
  if (portal === undefined) throw new Error('no portal');
  return { base: `http://127.0.0.1:${port}`, gatewayPort, logons, ...portal };
}

describeWith('chromium', 'in Chromium', () => {
  let browser: Browser;
  let town: Awaited<ReturnType<typeof serveTown>>;

  beforeAll(async () => {
    browser = await launchChromium();
    town = await serveTown();
  });

  afterAll(async () => {
    await browser.close();
    for (const server of servers) server.close().closeAllConnections();
    await closeStores();
  });

  async function open(options: BrowserContextOptions): Promise<Page> {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'de-DE', ...options });
    return context.newPage();
  }

  const uam = (changes = {}): string =>
    town.base + uamRedirect('plain', { uamport: String(town.gatewayPort), ...changes });
  const opennds = (): string => town.base + openndsRedirect({ gatewayaddress: `127.0.0.1:${town.gatewayPort}` });

  test.each(['UAM', 'openNDS'])(
    'a visitor gets through a gateway of kind %s; the policy lets the form lead there',
    async (kind) => {
      const page = await open({});
      const problems: string[] = [];
      page.on('console', (message) => problems.push(message.text()));
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await page.goto(kind === 'UAM' ? uam() : opennds());
      expect(requests).toHaveLength(1);
      await page.getByRole('main').getByRole('button').click();
      await page.waitForURL(/\/connected\?/);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Sie sind verbunden');
      expect(await page.getByRole('time').first().textContent()).toBe('23:00');
      expect(problems).toEqual([]);
      expect(await page.context().cookies()).toEqual([]);
      await page.context().close();
    },
  );

  test('another language is a button away, without script, also after reloading and going back', async () => {
    const page = await open({ javaScriptEnabled: false });
    const language = () => page.locator('html').getAttribute('lang');
    await page.goto(uam());
    await page.getByRole('button', { name: 'Türkçe' }).click();
    expect(await language()).toBe('tr');
    await page.getByRole('button', { name: 'العربية' }).click();
    expect(await language()).toBe('ar');
    await page.reload();
    expect(await language()).toBe('ar');
    await page.goBack();
    expect(await language()).toBe('tr');
    await page.goBack();
    expect(await language()).toBe('de');
    await page.goForward();
    await page.getByRole('main').getByRole('button').click();
    await page.waitForURL(/\/connected\?/);
    expect(await language()).toBe('tr');
    await page.context().close();
  });

  test('the whole way works with the keyboard alone, and the focus can be seen', async () => {
    const page = await open({ viewport: { width: 320, height: 640 }, javaScriptEnabled: true });
    await page.goto(uam());
    const seen: string[] = [];
    for (let step = 0; step < 60; step++) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate<{ tag: string; isLast: boolean; outline: number; inView: boolean }>(FOCUSED);
      seen.push(focused.tag);
      expect(focused).toMatchObject({ inView: true });
      expect(focused.outline).toBeGreaterThanOrEqual(2);
      if (focused.tag === 'SUMMARY') await page.keyboard.press('Enter');
      if (focused.isLast) break;
    }
    expect(seen.slice(-3)).toEqual(['SUMMARY', 'SUMMARY', 'BUTTON']);
    expect(await page.getByText('Was nicht erlaubt ist').isVisible()).toBe(true);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/connected\?/);
    await page.context().close();
  });

  test('a form of another site is refused by what Chromium says about it', async () => {
    const page = await open({ javaScriptEnabled: true });
    const attacker = await serve(() => (_, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(
        `<form method="post" action="${town.base}/accept"><input name="visit" value="x"><button>go</button></form>`,
      );
    });
    await page.goto(`http://localhost:${attacker}/`);
    await page.getByRole('button').click();
    expect(await page.getByText('cross-site').isVisible()).toBe(true);
    await page.context().close();
  });

  describe.each(['de', 'en'])('in %s', (language) => {
    test.each(['light', 'dark'] as const)(
      'axe finds nothing on any page at 320 px, %s; nothing is cut off',
      async (colorScheme) => {
        const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
        const page = await open({
          viewport: { width: 320, height: 640 },
          colorScheme,
          javaScriptEnabled: true,
          bypassCSP: true,
        });
        const token = town.portal.town.connections.close({
          gateway: 'plain',
          grant: 'g',
          until: NOW + HOUR,
          originalUrl: 'http://example.test/',
        });
        const over = town.portal.town.connections.close({ gateway: 'plain', grant: 'g', until: NOW - HOUR });
        const paths = [
          uam(),
          uam({ res: 'reject' }),
          `${town.base}/connected?t=${token}`,
          `${town.base}/connected?t=${over}`,
          `${town.base}/connected?`,
          `${town.base}/status/school?`,
          `${town.base}/?`,
          `${town.base}/terms?`,
          `${town.base}/privacy?`,
          `${town.base}/nowhere?`,
          uam({ res: 'x' }),
        ];
        for (const path of paths) {
          await page.goto(`${path}&l=${language}`);
          for (const summary of await page.locator('summary').all()) await summary.click();
          await page.addScriptTag({ content: axe });
          const violations = await page.evaluate<string[]>(AXE_FINDINGS);
          expect({ path, violations }).toEqual({ path, violations: [] });
          expect(await page.evaluate<number>(WIDTH)).toBeLessThanOrEqual(320);
        }
        await page.context().close();
      },
    );
  });

  test('targets are at least 24 px, and text at 200 % still fits 320 px [WCAG 2.5.8, 1.4.4]', async () => {
    const page = await open({ viewport: { width: 320, height: 640 }, javaScriptEnabled: true, bypassCSP: true });
    for (const path of [uam(), `${town.base}/status/school`, `${town.base}/connected`, `${town.base}/`]) {
      await page.goto(path);
      const small = await page.evaluate<string[]>(SMALL_TARGETS);
      expect(small).toEqual([]);
      await page.addStyleTag({ content: 'html { font-size: 200% }' });
      expect(await page.evaluate<number>(WIDTH)).toBeLessThanOrEqual(320);
    }
    await page.context().close();
  });
});
