import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LANGUAGES, type Language } from '../../config/schema';
import { OperatorError } from '../../core/errors';

/** What a placeholder is filled with. */
export type Values = Readonly<Record<string, string | number>>;

/** The sentences of one language, by key: `visit.button`. */
export type Sentences = ReadonlyMap<string, string>;

const shape = z.record(z.string(), z.string());

/**
 * Reads <folder>/<language>.json for every language. All have the keys of the German file.
 * @throws OperatorError LOCALE_BROKEN naming the file
 */
export function loadLocales(folder: string): ReadonlyMap<Language, Sentences> {
  const locales = new Map(LANGUAGES.map((language) => [language, read(join(folder, `${language}.json`))]));
  const german = locales.get('de');
  for (const [language, sentences] of locales) {
    const missing = [...(german?.keys() ?? [])].find((key) => !sentences.has(key));
    if (missing !== undefined) throw broken(join(folder, `${language}.json`), `it lacks the key "${missing}"`);
  }
  return locales;
}

function read(file: string): Sentences {
  try {
    return new Map(Object.entries(shape.parse(JSON.parse(readFileSync(file, 'utf8')))));
  } catch (cause) {
    throw broken(file, cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause), cause);
  }
}

function broken(file: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'LOCALE_BROKEN',
    `Cannot use the texts in ${file}: ${why}.`,
    'Restore the file from the release.',
    { cause },
  );
}

/** Fills `{name}` in a sentence; a placeholder without a value is a mistake of ours and throws. */
export function fill(sentence: string, values: Values): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`No value for {${name}} in "${sentence}".`);
    return String(value);
  });
}
