import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Language } from '../config/schema';
import { answer, encodingOf, queryOf } from './answer';
import { compress, compressBeginning, type Encoding, type Ending } from './compress';
import { chooseLanguage, directionOf, ENDONYMS, LANGUAGE_PARAMETER, lookUp, withoutLanguage } from './i18n/language';
import { fill, type Values } from './i18n/locales';
import { END_OF_DOCUMENT, type PageName } from './pages';
import type { Portal } from './portal';
import { contentSecurityPolicy, type Headers } from './security';

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

/** A page that is the same for many visitors but for its end; made and compressed when the first of them asks. */
export interface PreparedPage {
  readonly headers: Headers;
  readonly complete: Ending;
}

/** Longer ones are not worth remembering. */
const LONGEST_CHOICE = 200;

/**
 * What the link asks for, else what the browser asks for, else what the gateway supposes, else the town's first language.
 * @param hint  the tag in the gateway's redirect: often the gateway's own setting, the same for everybody, so it counts
 *   only where the visitor says nothing that we can serve
 */
export function languageOf(portal: Portal, request: IncomingMessage, hint?: string): Language {
  const { config, chosen } = portal.town;
  const asked = /[?&]l=[\w-]+/.exec(request.url ?? '')?.[0] ?? '';
  const key = `${asked} ${request.headers['accept-language'] ?? ''}`;
  const choose = () => chooseLanguage(request, config.town.languages);
  const found = key.length > LONGEST_CHOICE ? choose() : chosen.get(key, choose);
  const { languages } = config.town;
  return found ?? (hint === undefined ? undefined : lookUp(hint, languages)) ?? languages[0] ?? 'de';
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
export function rawQueryOf(request: IncomingMessage): string {
  return withoutLanguage(queryOf(request));
}

/** Renders a page and sends it, compressed: one document, one request, no cookie. */
export function sendPage(portal: Portal, request: IncomingMessage, response: ServerResponse, page: Page): void {
  const encoding = encodingOf(request);
  const html = render(portal, page, languageLinks(request, portal.town.config.town.languages)) + END_OF_DOCUMENT;
  const headers = headersOf(portal, page, encoding);
  answer(portal, request, response, { status: page.status ?? 200, headers, body: compress(encoding, html) });
}

/**
 * Sends a page of which everything but the end is prepared. Its form has the id `accept`, and the hidden field for it is
 * the end; its languages are buttons of that form, which lead to /visit and take the field along.
 * @param key  tells pages apart; everything that `make` depends on is in it
 */
export function sendPrepared(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  { key, make, field }: { readonly key: string; readonly make: () => Page; readonly field: string },
): void {
  const encoding = encodingOf(request);
  const prepared = portal.town.prepared.get(`${encoding} ${key}`, () => prepare(portal, make(), encoding));
  const end = `${field}">\n${END_OF_DOCUMENT}`;
  answer(portal, request, response, { status: 200, headers: prepared.headers, body: prepared.complete(end) });
}

function prepare(portal: Portal, page: Page, encoding: Encoding): PreparedPage {
  const common = render(portal, page, languageButtons(portal.town.config.town.languages));
  const html = `${common}<input type="hidden" form="accept" name="visit" value="`;
  return { headers: headersOf(portal, page, encoding), complete: compressBeginning(encoding, html) };
}

/** Everything up to the end of the document. */
export function render(portal: Portal, page: Page, languages: readonly LanguageChoice[]): string {
  const { town, demo } = portal.town.config;
  return portal.pages.render(page.name, {
    ...page.view,
    t: translator(portal, page.language),
    language: page.language,
    direction: directionOf(page.language),
    endonym: ENDONYMS[page.language],
    heading: page.title,
    lead: page.lead,
    languages,
    binding: page.binding === true && page.language !== 'de',
    town,
    demo,
  });
}

function headersOf(portal: Portal, page: Page, encoding: Encoding): Headers {
  const targets = [
    new URL(portal.town.config.portal.url).origin,
    ...(page.formTarget === undefined ? [] : [page.formTarget]),
  ];
  return [
    ...['Content-Type', 'text/html; charset=utf-8'],
    ...['Content-Language', page.language],
    ...['Content-Security-Policy', contentSecurityPolicy(portal.pages.styleHash, targets)],
    ...['Cache-Control', page.cache ?? 'no-store'],
    ...['Vary', 'Accept-Language, Accept-Encoding'],
    ...(encoding === 'identity' ? [] : ['Content-Encoding', encoding]),
  ];
}

/** How a page is had in another language: by a link, or without `href` by a button of its form. */
interface LanguageChoice {
  readonly code: Language;
  readonly name: string;
  readonly direction: 'ltr' | 'rtl';
  readonly href?: string;
}

/** A link to the same page in each language. The answer to a form has no address to link to. */
function languageLinks(request: IncomingMessage, languages: readonly Language[]): LanguageChoice[] {
  if (request.method === 'POST') return [];
  const query = rawQueryOf(request);
  return languages.map((code) => ({
    code,
    name: ENDONYMS[code],
    direction: directionOf(code),
    href: `?${query === '' ? '' : `${query}&`}${LANGUAGE_PARAMETER}=${code}`,
  }));
}

function languageButtons(languages: readonly Language[]): LanguageChoice[] {
  return languages.map((code) => ({ code, name: ENDONYMS[code], direction: directionOf(code) }));
}
