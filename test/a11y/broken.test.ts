import type { Browser } from 'playwright-core';
import { launchChromium } from '../portal/support/chromium';
import { closeTowns, serveTown } from '../portal/support/served-town';
import { describeWith } from '../support/packages';
import { CELLS, type Cell, IS_THOROUGH, textOf, Viewer } from './viewer';

const ALL = CELLS.map(({ scheme, text }) => `${scheme} ${text}`);
const only = (part: Cell['scheme'] | Cell['text']) => ALL.filter((cell) => cell.includes(part));
/** What reads only which elements there are is not asked again where they are the same. */
const once = (cells: string[]): string[] => (IS_THOROUGH ? cells : cells.slice(0, 1));

const style = (css: string) => (html: string) => html.replace('</head>', `<style>${css}</style></head>`);
const inMain = (markup: string) => (html: string) => html.replace('<form', `${markup}<form`);
const dark = (css: string) => style(`@media (prefers-color-scheme: dark) { ${css} }`);
const forced = (css: string) => style(`@media (forced-colors: active) { ${css} }`);
/** A line of 320 px holds ten letters of double size, and twenty of the usual. */
const large = (css: string) => style(`@media (max-width: 15em) { ${css} }`);

const LONG = 'Wohnberechtigungsscheinantragsformularausgabestelle';

// A matrix that finds nothing proves something only if it finds what is there: each way of breaking a page, where it shows.
const BROKEN: readonly (readonly [what: string, change: (html: string) => string, finding: string, where: string[]])[] =
  [
    ['pale text in the dark', dark('.small { color: #555 }'), 'color-contrast', only('dark')],
    ['text like its ground in the dark', dark('.small { color: var(--page) }'), 'color-contrast', only('dark')],
    ['one pale line of large text', large('#text-hint { color: #aaa }'), 'color-contrast', ['light 200 %']],
    [
      'forced colours refused',
      forced('.small { forced-color-adjust: none; color: #ccc }'),
      'color-contrast',
      only('forced'),
    ],
    ['a label that the dark hides', dark('label[for=text] { display: none }'), 'label', once(only('dark'))],
    [
      'a page that must be held upright',
      style('@media (orientation: landscape) { html { transform: rotate(90deg) } }'),
      'css-orientation-lock',
      once(ALL),
    ],
    ['a link without a name', inMain('<a href="/"></a>'), 'link-name', once(ALL)],
    [
      'a small target when text is large',
      large('footer a { line-height: 8px; padding: 0 !important }'),
      'small',
      only('200 %'),
    ],
    ['no outline in forced colours', forced(':focus-visible { outline: none }'), 'focus', only('forced')],
    ['an outline hardly darker than the page', style(':focus-visible { outline-color: #ccc }'), 'focus', only('light')],
    ['a word that does not break', inMain(`<p style="white-space: nowrap">${LONG}</p>`), 'the page is wider', ALL],
    [
      'a word that is too long when large',
      inMain('<p style="white-space: nowrap">Genehmigungsverfahren</p>'),
      'the page',
      only('200 %'),
    ],
    ['text pushed out at its beginning', style('h1 { margin-left: -3rem }'), 'reaches out', ALL],
    ['a box that hides what it holds', style('.hero p { height: 1rem; overflow: hidden }'), 'cut off', ALL],
    ['something that moves nevertheless', style('button { transition: color 1s }'), 'moves', ALL],
  ];

describeWith('chromium', 'what is broken is found', () => {
  let browser: Browser;
  let viewer: Viewer;
  let whole: string;

  beforeAll(async () => {
    browser = await launchChromium();
    viewer = await Viewer.open(browser);
    const { base } = await serveTown();
    whole = await textOf({ url: `${base}/feedback` }, 'de');
    await viewer.show({ url: `${base}/feedback` }, 'de');
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await closeTowns();
  }, 60_000);

  test.each(BROKEN)(
    '%s',
    async (_, change, finding, where) => {
      await viewer.write(change(whole));
      const seen: string[] = [];
      for (const cell of CELLS) {
        const found = await viewer.look(cell);
        if (found.some((line) => line.startsWith(finding))) seen.push(`${cell.scheme} ${cell.text}`);
      }
      expect(seen).toEqual(where);
    },
    120_000,
  );
});
