import markdownIt from 'markdown-it';
import {
  DOCUMENTS,
  type DocumentKind,
  documentPlaces,
  OWN_TEXTS,
  type TextPlace,
  termsPlace,
  textFile,
} from '../config/documents';
import type { Config, Language, Site } from '../config/schema';
import { OperatorError } from '../core/errors';
import type { SiteId } from '../core/ids';
import { type Terms, termsInForce } from '../core/terms';
import { localDate, type Millis } from '../core/time';
import { isTranslationOf, readDocument } from './i18n/document';
import { Format } from './i18n/format';
import { isolate } from './i18n/isolate';
import { directionOf } from './i18n/language';
import { fill } from './i18n/locales';

/** The long texts of a town as HTML, in each of its languages; some sites have their own. */
export interface Texts {
  /** The version of the terms in force at a moment. Before the first one began it is the first one. */
  versionAt(now: Millis, site?: SiteId): string;
  terms(language: Language, version: string, site?: SiteId): string;
  /** Undefined if neither the site nor the town nor Stadtfunk has one. */
  document(kind: DocumentKind, language: Language, now: Millis, site?: SiteId): string | undefined;
}

type Render = (language: Language, place: TextPlace) => string;

/** What is valid at one place, by its first day. */
interface Shelf {
  readonly terms: readonly Terms[];
  readonly places: ReadonlyMap<string, TextPlace>;
  readonly documents: ReadonlyMap<DocumentKind, readonly (TextPlace & { readonly validFrom: string })[]>;
}

/**
 * Reads and renders the texts a configuration names.
 * @throws OperatorError TEXT_MISSING or TEXT_PLACEHOLDER naming the file
 */
export function loadTexts(config: Config): Texts {
  const { timeZone, languages } = config.town;
  const town = shelfOf(config);
  const ownShelves = new Map(config.sites.filter((site) => site.terms).map((site) => [site.id, shelfOf(config, site)]));
  const shelf = (site: SiteId | undefined): Shelf => (site === undefined ? undefined : ownShelves.get(site)) ?? town;
  const render = renderer(config);
  for (const { places, documents } of [town, ...ownShelves.values()]) {
    const all = [...places.values(), ...[...documents.values()].flat()];
    for (const place of all) for (const language of languages) render(language, place);
  }
  return {
    versionAt: (now, site) => versionAt(shelf(site).terms, localDate(now, timeZone)),
    terms: (language, version, site) => {
      const place = shelf(site).places.get(version);
      if (place === undefined) throw new Error(`No terms ${version}.`);
      return render(language, place);
    },
    document: (kind, language, now, site) => {
      const today = localDate(now, timeZone);
      const versions = shelf(site).documents.get(kind) ?? [];
      const place = versions
        .filter(({ validFrom }) => validFrom <= today)
        .reduce<(typeof versions)[number] | undefined>((a, b) => (a && a.validFrom > b.validFrom ? a : b), undefined);
      return place && render(language, place);
    },
  };
}

/** A site's own terms replace all of the town's; of the other documents it may have one and share the rest. */
function shelfOf({ terms: town }: Config, site?: Site): Shelf {
  const own = site?.terms;
  const { folder, versions } = own?.versions === undefined ? town : { folder: own.folder, versions: own.versions };
  const folders = [own?.folder, town.folder, OWN_TEXTS];
  return {
    terms: versions.map(({ version, validFrom }) => ({ version, validFrom: Date.parse(validFrom) })),
    places: new Map(versions.map(({ version }) => [version, termsPlace(folder, version)])),
    documents: new Map(DOCUMENTS.map((kind) => [kind, documentPlaces(kind, folders)])),
  };
}

/** Dates are the town's calendar days, so days are compared, not moments. */
function versionAt(all: readonly Terms[], today: string): string {
  const first = all.reduce((a, b) => (b.validFrom < a.validFrom ? b : a));
  return (termsInForce(all, Date.parse(today)) ?? first).version;
}

/** Renders each text once in each language. What is not translated, or from another German text, is the German one. */
function renderer(config: Config): Render {
  const pages = new Map<string, string>();
  const render: Render = (language, place) => {
    const german = readDocument(textFile(place, 'de'));
    if (german === undefined) throw missing(textFile(place, 'de'));
    const translated = language === 'de' ? german : readDocument(textFile(place, language));
    const { reviewedOnly } = config.terms;
    const isUsable = translated && isTranslationOf(german, translated) && (translated.reviewed || !reviewedOnly);
    if (isUsable) return html(config, language, textFile(place, language), translated.markdown);
    return `<div lang="de" dir="ltr">${cached('de', place)}</div>`;
  };
  const cached: Render = (language, place) => {
    const key = textFile(place, language);
    const page = pages.get(key) ?? render(language, place);
    pages.set(key, page);
    return page;
  };
  return cached;
}

function missing(file: string): OperatorError {
  return new OperatorError(
    'TEXT_MISSING',
    `Cannot read the text ${file}.`,
    'Write it, or correct terms.folder and terms.versions; the texts that come with Stadtfunk are a model.',
  );
}

const md = markdownIt({ html: false });

function html({ town, sites }: Config, language: Language, file: string, markdown: string): string {
  const hours = Math.max(...sites.map((site) => site.rules.sessionSeconds)) * 1000;
  const apart = directionOf(language) === 'ltr' ? (text: string) => text : isolate;
  const values = {
    town: apart(town.name),
    email: apart(town.contact.email),
    phone: town.contact.phone === undefined ? '' : `, ${apart(`Tel. ${town.contact.phone}`)}`,
    longest: apart(new Format(language, town.timeZone).duration(hours)),
  };
  const strange = [...markdown.matchAll(/\{(\w+)\}/g)].find(([, name = '']) => !Object.hasOwn(values, name));
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
  return fill(md.render(markdown), escaped);
}
