import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';
import type { Language } from '../config/schema';
import { chooseLanguage, ENDONYMS, LANGUAGE_PARAMETER, withoutLanguage } from './i18n/language';
import { fill, type Values } from './i18n/locales';
import type { PageName } from './pages';
import type { Portal } from './portal';
import { contentSecurityPolicy } from './security';

/** A sentence in the visitor's language. */
export type Translate = (key: string, values?: Values) => string;

/** What a route says about the page it answers with. */
export interface Page {
  readonly name: PageName;
  /** The heading, in the visitor's language; the browser's title is made from it. */
  readonly title: string;
  /** One or two sentences under the heading. */
  readonly lead?: string;
  readonly language: Language;
  readonly status?: number;
  /** Where the page's form may lead besides the portal. */
  readonly formTarget?: string;
  /** Public pages may be kept for a moment; a visitor's must not. */
  readonly cache?: string;
  /** The German text is the binding one, and the page says so in other languages. */
  readonly binding?: boolean;
  /** What only this template reads. */
  readonly view?: object;
}

export function languageOf(portal: Portal, request: Request): Language {
  return chooseLanguage(request, portal.town.config.town.languages);
}

export function translator(portal: Portal, language: Language): Translate {
  const sentences = portal.locales.get(language);
  return (key, values = {}) => {
    const sentence = sentences?.get(key);
    if (sentence === undefined) throw new Error(`There is no text "${key}".`);
    return fill(sentence, values);
  };
}

/** The query exactly as it arrived, without what a language link added. */
export function rawQueryOf(request: Request): string {
  const at = request.originalUrl.indexOf('?');
  return at < 0 ? '' : withoutLanguage(request.originalUrl.slice(at + 1));
}

/** Renders a page and sends it, compressed: one document, one request, no cookie. */
export function sendPage(portal: Portal, request: Request, response: Response, page: Page): void {
  const { town, demo, portal: settings } = portal.town.config;
  const t = translator(portal, page.language);
  const html = portal.pages.render(page.name, {
    ...page.view,
    t,
    language: page.language,
    heading: page.title,
    lead: page.lead,
    languages: languageLinks(request, town.languages),
    binding: page.binding === true && page.language !== 'de',
    town,
    demo,
  });
  response.status(page.status ?? 200).set({
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Language': page.language,
    'Content-Security-Policy': contentSecurityPolicy(portal.pages.styleHash, [
      new URL(settings.url).origin,
      ...(page.formTarget === undefined ? [] : [page.formTarget]),
    ]),
    'Cache-Control': page.cache ?? 'no-store',
    Vary: 'Accept-Language, Accept-Encoding',
  });
  sendCompressed(request, response, html);
}

/** A link to the same page in each language. The answer to a form has no address to link to. */
function languageLinks(request: Request, languages: readonly Language[]) {
  if (request.method === 'POST') return [];
  const query = rawQueryOf(request);
  return languages.map((code) => ({
    code,
    name: ENDONYMS[code],
    href: `?${query === '' ? '' : `${query}&`}${LANGUAGE_PARAMETER}=${code}`,
  }));
}

/** Fast settings: pages carry a sealed visit and so are compressed one by one. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_MODE]: 1 } };
const GZIP = { level: 4, windowBits: 14, memLevel: 7 };

function sendCompressed(request: Request, response: Response, text: string): void {
  const encoding = request.acceptsEncodings(['br', 'gzip', 'identity']);
  const body =
    encoding === 'br'
      ? brotliCompressSync(text, BROTLI)
      : encoding === 'gzip'
        ? gzipSync(text, GZIP)
        : Buffer.from(text);
  if (encoding === 'br' || encoding === 'gzip') response.set('Content-Encoding', encoding);
  response.set('Content-Length', String(body.length)).end(body);
}
