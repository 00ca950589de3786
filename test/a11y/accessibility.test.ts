import type { Browser } from 'playwright-core';
import { LANGUAGES, type Language } from '../../config/schema';
import { directionOf } from '../../portal/i18n/language';
import { PAGES } from '../../portal/pages';
import { launchChromium } from '../portal/support/chromium';
import { closeTowns } from '../portal/support/served-town';
import { describeWith } from '../support/packages';
import { type Shown, showEverything } from './pages';
import { CELLS, IS_THOROUGH, Viewer } from './viewer';

/** What was seen in one language. */
interface Impression {
  readonly findings: readonly string[];
  /** The title of each page. */
  readonly titles: readonly string[];
}

// In the other languages the second face of a page differs from the first as it does in these.
const EVERY_FACE: ReadonlySet<Language> = new Set(['de', 'de-simple', 'ar']);

const HEAD = '[document.documentElement.lang, document.documentElement.dir, document.title]';

async function lookAt(viewer: Viewer, shown: Shown, language: Language): Promise<Impression> {
  const findings: string[] = [];
  const titles: string[] = [];
  for (const [name, all] of Object.entries(shown)) {
    for (const [face, page] of all.slice(0, IS_THOROUGH || EVERY_FACE.has(language) ? all.length : 1).entries()) {
      await viewer.show(page, language);
      const [lang, dir, title = ''] = await viewer.evaluate<string[]>(HEAD);
      if (face === 0) titles.push(title);
      if (lang !== language || dir !== directionOf(language)) findings.push(`${name} ${face}: lang=${lang} dir=${dir}`);
      for (const cell of CELLS) {
        const found = await viewer.look(cell);
        findings.push(...found.map((finding) => `${name} ${face} ${cell.scheme} ${cell.text}: ${finding}`));
      }
    }
  }
  return { findings, titles };
}

/** Two pages of the browser share the languages: where there are two cores, that is quicker. */
async function lookAtAll(browser: Browser, shown: Shown): Promise<Map<Language, Impression>> {
  const seen = new Map<Language, Impression>();
  const waiting = [...LANGUAGES];
  const work = async () => {
    const viewer = await Viewer.open(browser);
    for (let language = waiting.shift(); language !== undefined; language = waiting.shift()) {
      seen.set(language, await lookAt(viewer, shown, language));
    }
  };
  await Promise.all([work(), work()]);
  return seen;
}

describeWith('chromium', 'everybody can use every page [WCAG 2.2 AA]', () => {
  let browser: Browser;
  let shown: Shown;
  let seen: Map<Language, Impression>;

  beforeAll(async () => {
    browser = await launchChromium();
    ({ shown } = await showEverything());
    seen = await lookAtAll(browser, shown);
  }, 3_600_000);

  afterAll(async () => {
    await browser.close();
    await closeTowns();
  }, 60_000);

  test('every template is among the pages shown here', () => {
    expect(Object.keys(shown).sort()).toEqual([...PAGES].sort());
  });

  // 1.1.1 to 4.1.2: light, dark, forced colours; at 320 px; with text of the usual and of double size.
  test.each(LANGUAGES)('in %s there is nothing to find on any page, however it is shown', (language) => {
    expect(seen.get(language)?.findings).toEqual([]);
  });

  test.each(LANGUAGES)('in %s every page has a title of its own [2.4.2]', (language) => {
    const titles = seen.get(language)?.titles ?? [];
    expect(titles).toHaveLength(PAGES.length);
    expect(titles.filter((title, i) => title === '' || titles.indexOf(title) !== i)).toEqual([]);
  });
});
