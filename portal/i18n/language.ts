import type { IncomingMessage } from 'node:http';
import Negotiator from 'negotiator';
import type { Language } from '../../config/schema';

/** The name of each language in itself. */
export const ENDONYMS: Readonly<Record<Language, string>> = {
  de: 'Deutsch',
  'de-simple': 'Leichte Sprache',
  en: 'English',
  uk: 'Українська',
  ar: 'العربية',
  fa: 'فارسی',
  'fa-AF': 'دری',
  ps: 'پښتو',
  tr: 'Türkçe',
  kmr: 'Kurmancî',
  ckb: 'کوردیی ناوەندی',
  ru: 'Русский',
  fr: 'Français',
  es: 'Español',
  pl: 'Polski',
  ro: 'Română',
  sq: 'Shqip',
  so: 'Soomaali',
  ti: 'ትግርኛ',
  nl: 'Nederlands',
  it: 'Italiano',
};

const RIGHT_TO_LEFT: ReadonlySet<Language> = new Set(['ar', 'fa', 'fa-AF', 'ps', 'ckb']);

/** The `dir` of a page in a language. */
export function directionOf(language: Language): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.has(language) ? 'rtl' : 'ltr';
}

/** The query parameter by which a link chooses the language. */
export const LANGUAGE_PARAMETER = 'l';

/** What the link asked for, else what the browser asks for; undefined if neither is offered. */
export function chooseLanguage(
  request: Pick<IncomingMessage, 'url' | 'headers'>,
  offered: readonly Language[],
): Language | undefined {
  const [, asked] = /[?&]l=([\w-]+)(?=&|$)/.exec(request.url ?? '') ?? [];
  const linked = offered.find((language) => language === asked);
  if (linked !== undefined) return linked;
  // The tags of Accept-Language, the most wanted first, without those refused by q=0 (RFC 9110 12.5.4).
  for (const tag of new Negotiator(request).languages()) {
    const found = lookUp(tag, offered);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The language that serves a tag, if one does: the tag is shortened from its end until one fits (RFC 4647 3.4). */
export function lookUp(tag: string, offered: readonly Language[]): Language | undefined {
  for (let range = canonical(tag); range !== ''; range = range.slice(0, Math.max(0, range.lastIndexOf('-')))) {
    const found = offered.find((language) => language === range);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Names that browsers and people use, and that are no tags. */
const ALIASES: Readonly<Record<string, Language>> = { kurmanji: 'kmr', sorani: 'ckb' };

/**
 * The tag as Unicode writes it: `prs` is fa-AF, `mo` is ro. Only for Kurdish it goes another way than we: `ku` is two
 * written languages, told apart by their script.
 */
function canonical(tag: string): string {
  const alias = ALIASES[tag.toLowerCase()];
  if (alias !== undefined) return alias;
  try {
    const locale = new Intl.Locale(tag);
    if (locale.language !== 'ku') return locale.toString();
    return locale.maximize().script === 'Arab' ? 'ckb' : 'kmr';
  } catch {
    return ''; // no tag at all, for example `*`
  }
}

/** Divides a query as it arrived into what the gateway wrote and what our own language links added at its end. */
export function withoutLanguage(rawQuery: string): string {
  const last = rawQuery.lastIndexOf('&') + 1;
  const isOurs = rawQuery.startsWith(`${LANGUAGE_PARAMETER}=`, last) && /^[\w-]*$/.test(rawQuery.slice(last + 2));
  return isOurs ? rawQuery.slice(0, Math.max(0, last - 1)) : rawQuery;
}
