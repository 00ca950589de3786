import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import markdownIt from 'markdown-it';
import type { Config, Language } from '../config/schema';
import { OperatorError } from '../core/errors';
import { type Terms, termsInForce } from '../core/terms';
import { localDate, type Millis } from '../core/time';
import { packageRoot } from '../runtime/package-root';
import { Format } from './i18n/format';
import { fill } from './i18n/locales';

/** The long texts of a town as HTML: every version of the terms, and the privacy notice, in each of its languages. */
export interface Texts {
  /** The version in force at a moment. Before the first one began it is the first one. */
  versionAt(now: Millis): string;
  terms(language: Language, version: string): string;
  privacy(language: Language): string;
}

const BUILT_IN = join(packageRoot, 'config', 'terms');

/**
 * Reads and renders the texts a configuration names.
 * @throws OperatorError TEXT_MISSING or TEXT_PLACEHOLDER naming the file
 */
export function loadTexts(config: Config): Texts {
  const { town, terms } = config;
  const folder = terms.folder ?? BUILT_IN;
  const pages = new Map<string, string>();
  for (const language of town.languages) {
    for (const { version } of terms.versions) {
      pages.set(`${language}/${version}`, render(config, language, join(folder, language, `${version}.md`)));
    }
    const own = join(folder, language, 'privacy.md');
    const privacy = existsSync(own) ? own : join(BUILT_IN, language, 'privacy.md');
    pages.set(`${language}/privacy`, render(config, language, privacy));
  }
  const page = (name: string): string => {
    const html = pages.get(name);
    if (html === undefined) throw new Error(`No text ${name}.`);
    return html;
  };
  return {
    versionAt: (now) => versionAt(config, now),
    terms: (language, version) => page(`${language}/${version}`),
    privacy: (language) => page(`${language}/privacy`),
  };
}

/** Dates are the town's calendar days, so days are compared, not moments. */
function versionAt({ terms, town }: Config, now: Millis): string {
  const all: Terms[] = terms.versions.map(({ version, validFrom }) => ({ version, validFrom: Date.parse(validFrom) }));
  const first = all.reduce((a, b) => (b.validFrom < a.validFrom ? b : a));
  return (termsInForce(all, Date.parse(localDate(now, town.timeZone))) ?? first).version;
}

function render(config: Config, language: Language, file: string): string {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OperatorError(
      'TEXT_MISSING',
      `Cannot read the text ${file}.`,
      'Write it, or correct terms.folder and terms.versions; the texts that come with Stadtfunk are a model.',
      { cause },
    );
  }
  const md = markdownIt({ html: false });
  const { town, sites } = config;
  const hours = Math.max(...sites.map((site) => site.rules.sessionSeconds)) * 1000;
  const values = {
    town: town.name,
    email: town.contact.email,
    phone: town.contact.phone === undefined ? '' : `, Tel. ${town.contact.phone}`,
    longest: new Format(language, town.timeZone).duration(hours),
  };
  const strange = [...source.matchAll(/\{(\w+)\}/g)].find(([, name = '']) => !Object.hasOwn(values, name));
  if (strange !== undefined) {
    const known = Object.keys(values).map((name) => `{${name}}`);
    throw new OperatorError(
      'TEXT_PLACEHOLDER',
      `The text ${file} contains ${strange[0]}, which stands for nothing.`,
      `Write it without braces, or use one of ${known.join(', ')}.`,
    );
  }
  const escaped = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, md.utils.escapeHtml(value)] as const),
  );
  return fill(md.render(source), escaped);
}
