import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LANGUAGES, type Language } from '../../config/schema';
import { OperatorError } from '../../core/errors';
import { germanWithin, isolate } from './isolate';
import { directionOf } from './language';
import { type Entry, entry, faultOf, textOf } from './translation';

/** What a placeholder is filled with. */
export type Values = Readonly<Record<string, string | number>>;

/** The sentences of one language, by key: `visit.button`. */
export type Sentences = ReadonlyMap<string, string>;

/** A locale file as it is written; its README says how. */
export type Locale = ReadonlyMap<string, Entry>;

const [plain, stamped] = [z.record(z.string(), z.string()), z.record(z.string(), entry)];

/**
 * Reads <folder>/<language>.json for every language. All have the keys of the German file: where a translation is missing
 * or was made from another German text, the German one stands in.
 * @throws OperatorError LOCALE_BROKEN naming the file
 */
export function loadLocales(folder: string): ReadonlyMap<Language, Sentences> {
  const german = readGerman(folder);
  const sentences = (language: Language): Sentences => {
    if (language === 'de') return german;
    const locale = readLocale(folder, language);
    return new Map([...german].map(([key, text]) => [key, sentence(language, text, locale.get(key))]));
  };
  return new Map(LANGUAGES.map((language) => [language, sentences(language)]));
}

function sentence(language: Language, german: string, translated: Entry | undefined): string {
  const fault = faultOf(german, translated);
  if (translated === undefined || (fault !== undefined && fault !== 'unstamped')) return germanWithin(german);
  const text = textOf(translated);
  return directionOf(language) === 'ltr' ? text : text.replaceAll(/\{\w+\}|https?:\/\//g, isolate);
}

/** The German texts, from which all others are made. @throws OperatorError LOCALE_BROKEN */
export function readGerman(folder: string): Sentences {
  return read(folder, 'de', plain);
}

/** What a language's file holds. @throws OperatorError LOCALE_BROKEN */
export function readLocale(folder: string, language: Language): Locale {
  return read(folder, language, stamped);
}

function read<T>(folder: string, language: Language, shape: z.ZodType<Record<string, T>>): ReadonlyMap<string, T> {
  const file = join(folder, `${language}.json`);
  try {
    return new Map(Object.entries(shape.parse(JSON.parse(readFileSync(file, 'utf8')))));
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new OperatorError(
      'LOCALE_BROKEN',
      `Cannot use the texts in ${file}: ${why}.`,
      'Restore the file from the release.',
      { cause },
    );
  }
}

/** Fills `{name}` in a sentence; a placeholder without a value is a mistake of ours and throws. */
export function fill(sentence: string, values: Values): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`No value for {${name}} in "${sentence}".`);
    return String(value);
  });
}
