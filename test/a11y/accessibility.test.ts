import { readFileSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { LANGUAGES, type Language } from '../../config/schema';
import { PAGES } from '../../portal/pages';
import { launchChromium } from '../portal/support/chromium';
import { closeTowns, type ServedTown } from '../portal/support/served-town';
import { describeWith } from '../support/packages';
import { type Shown, showEverything } from './pages';

// What runs inside the page is text here: the types of the browser are no part of this project.
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const OPEN_DETAILS = `for (const details of document.querySelectorAll('details')) details.open = true`;
const WIDTH = 'document.documentElement.scrollWidth';
const LARGE_TEXT = `document.documentElement.style.fontSize = '200%'`;
const SMALL_TARGETS = `[...document.querySelectorAll('a, button, summary, label:has(input), input:not([type=hidden]), textarea')]
  .filter((element) => {
    const { width, height } = element.getBoundingClientRect();
    return Math.min(width, height) < 24 && !element.closest('p, .text') && !element.parentElement.closest('label');
  }).map((element) => element.outerHTML)`;
const FOCUSED = `(() => {
  const element = document.activeElement;
  const { top, bottom } = element.getBoundingClientRect();
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const covering = document.elementFromPoint(element.getBoundingClientRect().left + 5, (top + bottom) / 2);
  return {
    tag: element.tagName,
    isVisible: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2,
    isInView: top >= 0 && bottom <= innerHeight && element.contains(covering),
  };
})()`;

interface Focused {
  readonly tag: string;
  readonly isVisible: boolean;
  readonly isInView: boolean;
}

/** axe's name of each rule that a page breaks, with the first element that does. */
function findings(page: Page, without: readonly string[] = []): Promise<string[]> {
  const rules = JSON.stringify(Object.fromEntries(without.map((rule) => [rule, { enabled: false }])));
  const run = `axe.run(document, { rules: ${rules}, resultTypes: ['violations'] })`;
  return page.evaluate<string[]>(
    `${run}.then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`,
  );
}

// axe looks at twenty pages in each test; a busy machine takes its time.
jest.setTimeout(120_000);

describeWith('chromium', 'everybody can use every page [WCAG 2.2 AA]', () => {
  let browser: Browser;
  let town: ServedTown;
  let shown: Shown;

  beforeAll(async () => {
    browser = await launchChromium();
    ({ town, shown } = await showEverything());
  });

  afterAll(async () => {
    await browser.close();
    await closeTowns();
  });

  /** A phone of the smallest width that counts, with axe in every page; the pages have no script of their own. */
  async function open(options: BrowserContextOptions): Promise<Page> {
    const viewport = { width: 320, height: 640 };
    const context = await browser.newContext({ locale: 'de-DE', viewport, bypassCSP: true, ...options });
    await context.addInitScript({ content: AXE });
    return context.newPage();
  }

  /** Brings the browser to each page in turn, with everything that can be opened open, and gives what it is called. */
  async function* everyPage(page: Page, language: Language, faces = Number.POSITIVE_INFINITY): AsyncGenerator<string> {
    for (const [name, all] of Object.entries(shown)) {
      for (const [face, show] of all.slice(0, faces).entries()) {
        await show(page, language);
        await page.evaluate(OPEN_DETAILS);
        yield `${name} ${face}`;
      }
    }
  }

  test('every template is among the pages shown here', () => {
    expect(Object.keys(shown).sort()).toEqual([...PAGES].sort());
  });

  // Every face of every page. Colours are the same in every language.
  test.each([
    ['light', 'de', { colorScheme: 'light' }],
    ['dark', 'ar', { colorScheme: 'dark' }],
    ['forced', 'de', { forcedColors: 'active' }],
  ] as const)('axe finds nothing in %s colours [1.4.3, 1.4.11]', async (_, language, options) => {
    const page = await open(options);
    for await (const name of everyPage(page, language)) expect([name, await findings(page)]).toEqual([name, []]);
    await page.context().close();
  });

  // One face of every page: the others differ by their text only.
  test.each(LANGUAGES)(
    'in %s axe finds nothing, nothing is cut off even at 200 %% text, every target is large enough [1.4.4, 1.4.10, 2.5.8]',
    async (language) => {
      const page = await open({});
      for await (const name of everyPage(page, language, 1)) {
        expect([name, await findings(page, ['color-contrast'])]).toEqual([name, []]);
        expect([name, await page.evaluate<number>(WIDTH)]).toEqual([name, 320]);
        expect([name, await page.evaluate<string[]>(SMALL_TARGETS)]).toEqual([name, []]);
        await page.evaluate(LARGE_TEXT);
        expect([name, await page.evaluate<number>(WIDTH)]).toEqual([name, 320]);
      }
      await page.context().close();
    },
  );

  test.each(['de', 'ar'] as const)(
    'the whole way works by keyboard alone, the focus always in sight, in %s [2.1.1, 2.4.7, 2.4.11]',
    async (language) => {
      const page = await open({});
      const next = async (): Promise<Focused> => {
        await page.keyboard.press('Tab');
        const focused = await page.evaluate<Focused>(FOCUSED);
        expect(focused).toMatchObject({ isVisible: true, isInView: true });
        return focused;
      };
      await page.goto(`${town.uam()}&l=${language}`);
      const seen: string[] = [];
      while (seen.length < 20 && seen.at(-1) !== 'BUTTON') {
        const { tag } = await next();
        seen.push(tag);
        if (tag === 'SUMMARY') await page.keyboard.press('Enter');
      }
      expect(seen).toEqual(['A', 'SUMMARY', 'SUMMARY', 'BUTTON']);
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/connected\?/);
      for (let step = 0; step < 8; step++) {
        const { tag } = await next();
        if (tag === 'BUTTON') break;
      }
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/logoff/); // nobody reported a session, so the gateway itself is asked
      await page.context().close();
    },
  );

  test('the link to the languages leads to them, and the next Tab into them [2.4.1]', async () => {
    const page = await open({});
    await page.goto(town.uam());
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(/l=de-simple/);
    expect(await page.locator('html').getAttribute('lang')).toBe('de-simple');
    await page.context().close();
  });

  test('what went wrong is in the title and the heading, and is announced [4.1.3]', async () => {
    const page = await open({});
    await page.goto(town.uam({ res: 'reject' }));
    expect(await page.getByRole('alert').textContent()).toContain('Das hat nicht geklappt.');
    await page.goto(`${town.base}/nowhere`);
    expect(await page.title()).toMatch(/^Diese Seite gibt es nicht/);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Diese Seite gibt es nicht');
    await page.context().close();
  });
});
