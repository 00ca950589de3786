import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import type { Language } from '../../config/schema';
import type { Face } from './pages';

/** A phone of the smallest width that counts. */
export const PHONE = { width: 320, height: 640 };

/** How a page can be met: each colour scheme, each with text of the usual size and of the double. */
export interface Cell {
  readonly scheme: 'light' | 'dark' | 'forced';
  readonly text: '100 %' | '200 %';
}

export const CELLS: readonly Cell[] = (['100 %', '200 %'] as const).flatMap((text) =>
  (['light', 'dark', 'forced'] as const).map((scheme) => ({ scheme, text })),
);

/** `npm run test:a11y:full`: each page is navigated to, in all its faces, and axe asks every rule in every cell. */
export const IS_THOROUGH = process.env.A11Y === 'full';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const LOOK = readFileSync(join(__dirname, 'look.js'), 'utf8');

/** Shows pages in Chromium and looks at them in each cell. */
export class Viewer {
  readonly #page: Page;
  readonly #devtools: CDPSession;

  private constructor(page: Page, devtools: CDPSession) {
    this.#page = page;
    this.#devtools = devtools;
  }

  static async open(browser: Browser): Promise<Viewer> {
    const context = await browser.newContext({ viewport: PHONE, bypassCSP: true });
    await context.addInitScript({ content: AXE });
    await context.addInitScript({ content: LOOK });
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    return new Viewer(page, await context.newCDPSession(page));
  }

  /** Brings the browser to a page. */
  async show(face: Face, language: Language): Promise<void> {
    if (IS_THOROUGH) await navigate(this.#page, face, language);
    else await this.write(await textOf(face, language));
  }

  /** Shows a document in place of the one that is there; axe-core stays, and stays warm. */
  async write(html: string): Promise<void> {
    await this.#page.evaluate(`document.open(); document.write(${JSON.stringify(html)}); document.close()`);
  }

  /** What is wrong with the page that is shown, in one cell. */
  async look(cell: Cell): Promise<string[]> {
    const fontSize = cell.text === '200 %' ? 32 : 16;
    const isForced = cell.scheme === 'forced';
    const features = [
      { name: 'prefers-color-scheme', value: cell.scheme === 'dark' ? 'dark' : 'light' },
      { name: 'forced-colors', value: isForced ? 'active' : 'none' },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ];
    const where = { dark: cell.scheme === 'dark', forced: isForced, fontSize, width: PHONE.width };
    const call = `look(${JSON.stringify(where)}, ${IS_THOROUGH})`;
    // One after the other they arrive without waiting for one another's answer.
    const [, , { result, exceptionDetails }] = await Promise.all([
      this.#devtools.send('Emulation.setEmulatedMedia', { features }),
      this.#devtools.send('Page.setFontSizes', { fontSizes: { standard: fontSize } }),
      this.#devtools.send('Runtime.evaluate', { expression: call, awaitPromise: true, returnByValue: true }),
    ]);
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? 'look.js failed');
    return result.value;
  }

  evaluate<T>(expression: string): Promise<T> {
    return this.#page.evaluate<T>(expression);
  }
}

const withLanguage = (url: string, language: Language): string => `${url}${url.includes('?') ? '&' : '?'}l=${language}`;

/** A page as the portal sends it. */
export async function textOf({ url, form }: Face, language: Language): Promise<string> {
  const sent = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) };
  return (await fetch(withLanguage(url, language), sent)).text();
}

/** Follows a link, or sends a form from a page of the portal. */
async function navigate(page: Page, { url, form }: Face, language: Language): Promise<void> {
  if (form === undefined) {
    await page.goto(withLanguage(url, language));
    return;
  }
  await page.goto(new URL('/robots.txt', url).href);
  const inputs = Object.entries(form).map(([name, value]) => `<input name="${name}" value="${value}">`);
  const html = `<form method="post" action="${withLanguage(url, language)}">${inputs.join('')}</form>`;
  const navigation = page.waitForNavigation();
  await page.evaluate(`document.body.innerHTML = ${JSON.stringify(html)}; document.forms[0].submit()`);
  await navigation;
}
