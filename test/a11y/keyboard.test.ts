import { randomBytes } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../portal/support/chromium';
import { closeTowns, type ServedTown, serveTown } from '../portal/support/served-town';
import { describeWith } from '../support/packages';
import { PHONE } from './viewer';

// What runs inside the page is text: the types of the browser are no part of this project.
// Of a link that breaks the first line counts, of a field with many lines the one where one writes.
const FOCUSED = `(() => {
  const element = document.activeElement;
  const { left, top, height } = element.getClientRects()[0];
  const bottom = top + Math.min(height, element.matches('textarea') ? 40 : Infinity);
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return {
    tag: element.tagName,
    isVisible: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2,
    isInView: top >= 0 && bottom <= innerHeight && element.contains(document.elementFromPoint(left + 5, (top + bottom) / 2)),
  };
})()`;

interface Focused {
  readonly tag: string;
  readonly isVisible: boolean;
  readonly isInView: boolean;
}

const isFocused = (page: Page, selector: string): Promise<boolean> =>
  page.evaluate<boolean>(`document.activeElement.matches(${JSON.stringify(selector)})`);

/** Presses Tab once; what has the focus then can be seen. */
async function next(page: Page): Promise<string> {
  await page.keyboard.press('Tab');
  const { tag, ...seen } = await page.evaluate<Focused>(FOCUSED);
  expect({ tag, ...seen }).toEqual({ tag, isVisible: true, isInView: true });
  return tag;
}

/** Presses Tab until the focus is there; more often than there are places to go to means never. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let step = 0; step < 60; step++) {
    await next(page);
    if (await isFocused(page, selector)) return;
  }
  throw new Error(`Tab never leads to ${selector} on ${page.url()}.`);
}

async function follow(page: Page, selector: string, address: RegExp): Promise<void> {
  await tabTo(page, selector);
  await page.keyboard.press('Enter');
  await page.waitForURL(address);
}

// Browsers and a busy machine take their time.
jest.setTimeout(120_000);

describeWith('chromium', 'the keyboard alone is enough [WCAG 2.2 AA]', () => {
  let browser: Browser;
  let town: ServedTown;
  let page: Page;

  beforeAll(async () => {
    browser = await launchChromium();
    town = await serveTown();
  });

  afterAll(async () => {
    await browser.close();
    await closeTowns();
  });

  beforeEach(async () => {
    const context = await browser.newContext({ locale: 'de-DE', viewport: PHONE, bypassCSP: true });
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
  });
  afterEach(() => page.context().close());

  /** A redirect of the gateway for a visit that is not used up. */
  const arrive = () => town.uam({ challenge: randomBytes(16).toString('hex') });
  const heading = () => page.getByRole('heading', { level: 1 }).textContent();

  /** Ordered already, the end of a connection is told by the portal; else the gateway of this test is asked, which is mute. */
  async function orderEnd(): Promise<void> {
    const word = new URL(page.url()).searchParams.get('c') ?? '';
    const grant = town.portal.town.connections.open(word)?.grant ?? '';
    await town.store.orderEnd({ grant }, town.clock.now());
  }

  test.each(['de', 'ar'])(
    'accept, connected, disconnect, a mistake in the feedback, thanks: the focus always in sight, in %s [2.1.1, 2.4.3, 2.4.7, 2.4.11, 4.1.3]',
    async (language) => {
      await page.goto(`${arrive()}&l=${language}`);
      const way: string[] = [];
      while (way.length < 20 && way.at(-1) !== 'BUTTON') {
        way.push(await next(page));
        if (way.at(-1) === 'SUMMARY') await page.keyboard.press('Enter');
      }
      expect(way).toEqual(['A', 'SUMMARY', 'SUMMARY', 'BUTTON']);
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/connected\?c=/);
      await orderEnd();
      await follow(page, 'form[action^="/disconnect"] button', /\/disconnect\?/);
      await follow(page, 'footer a[href^="/feedback"]', /\/feedback\?/);

      await tabTo(page, '#text');
      await page.keyboard.type('   ');
      await tabTo(page, 'main button');
      await page.keyboard.press('Enter');
      // The mistake is an alert, has the focus, is in the title, and its link leads to the field that it is about.
      const alert = page.getByRole('alert');
      await alert.waitFor();
      expect(await isFocused(page, '[role=alert]')).toBe(true);
      expect(await page.title()).toContain((await heading()) ?? 'none');
      const field = page.locator('#text[aria-invalid=true]');
      expect(await field.getAttribute('aria-describedby')).toContain(await alert.getAttribute('id'));
      await next(page);
      await page.keyboard.press('Enter');
      expect(await isFocused(page, '#text')).toBe(true);

      await page.keyboard.type('Der Knopf ist zu klein.');
      await tabTo(page, 'main button');
      await page.keyboard.press('Enter');
      await page.locator('.reference').waitFor();
      expect(await page.locator('html').getAttribute('lang')).toBe(language);
    },
  );

  test('who presses "disconnect" before a session was reported is led to the gateway, by keyboard too [2.1.1]', async () => {
    await page.goto(arrive());
    await follow(page, 'main button', /\/connected\?c=/);
    await follow(page, 'form[action^="/disconnect"] button', /\/logoff/);
  });

  test('the link to the languages leads to them, and the next Tab into them [2.4.1]', async () => {
    await page.goto(town.uam());
    await next(page);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(/l=de-simple/);
    expect(await page.locator('html').getAttribute('lang')).toBe('de-simple');
  });

  test('what went wrong is in the title and the heading, and is announced [4.1.3]', async () => {
    await page.goto(town.uam({ res: 'reject' }));
    expect(await page.getByRole('alert').textContent()).toContain('Das hat nicht geklappt.');
    await page.goto(`${town.base}/nowhere`);
    expect(await page.title()).toMatch(/^Diese Seite gibt es nicht/);
    expect(await heading()).toBe('Diese Seite gibt es nicht');
  });
});
