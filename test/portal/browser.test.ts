import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { describeWith } from '../support/packages';
import { until } from '../support/wait';
import { launchChromium } from './support/chromium';
import { closeTowns, type ServedTown, serve, serveTown } from './support/served-town';

describeWith('chromium', 'in Chromium', () => {
  let browser: Browser;
  let town: ServedTown;

  beforeAll(async () => {
    browser = await launchChromium();
    town = await serveTown();
  });

  afterAll(async () => {
    await browser.close();
    await closeTowns();
  });

  async function open(options: BrowserContextOptions): Promise<Page> {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'de-DE', ...options });
    return context.newPage();
  }

  test.each(['UAM', 'openNDS'])(
    'a visitor gets through a gateway of kind %s; the policy lets the form lead there',
    async (kind) => {
      const page = await open({});
      const problems: string[] = [];
      page.on('console', (message) => problems.push(message.text()));
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await page.goto(kind === 'UAM' ? town.uam() : town.opennds());
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
    // The same device has been here before, and that was another moment.
    town.clock.step(1);
    await page.goto(town.uam());
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
    expect(await language()).toBe('tr');
    await page.getByRole('main').getByRole('button').click();
    await until('the visitor is online', () => new URL(page.url()).pathname === '/connected');
    expect(await language()).toBe('tr');
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
});
