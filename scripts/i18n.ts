import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { OWN_TEXTS } from '../config/documents';
import { LANGUAGES, type Language } from '../config/schema';
import { stampOf } from '../config/stamp';
import { isTranslationOf, readDocument } from '../portal/i18n/document';
import { readGerman, readLocale, type Sentences } from '../portal/i18n/locales';
import { type Entry, FAULTS, faultOf } from '../portal/i18n/translation';

/**
 * `npm run i18n:check` lists every text that some language lacks or has from another German text; exit code 1 if there is
 * one. `npm run i18n:stamp` stamps what translators left without a stamp. templates/locales/README.md says how to work.
 */

const root = join(__dirname, '..');
const locales = join(root, 'templates', 'locales');
const translations = LANGUAGES.filter((language) => language !== 'de');

function main([command, ...only]: string[]): void {
  if (command === 'check') check();
  else if (command === 'stamp') stamp(only);
  else throw new Error('Say check or stamp.');
}

function check(): void {
  const german = readGerman(locales);
  const lines = translations.flatMap((language) => [...sentenceFaults(language, german), ...documentFaults(language)]);
  const reviewed = translations.map((language) => {
    const entries = [...readLocale(locales, language).values()];
    const count = entries.filter((one) => typeof one !== 'string' && one.reviewed).length;
    return `${language} ${count}/${german.size}`;
  });
  for (const line of lines) console.log(line);
  console.log(`Reviewed by a person: ${reviewed.join(', ')}.`);
  console.log(lines.length === 0 ? 'Every text is translated.' : `To do: ${lines.length}.`);
  process.exitCode = lines.length === 0 ? 0 : 1;
}

function sentenceFaults(language: Language, german: Sentences): string[] {
  const locale = readLocale(locales, language);
  const file = `templates/locales/${language}.json`;
  const faults = [...german].flatMap(([key, text]) => {
    const fault = faultOf(text, locale.get(key));
    return fault === undefined ? [] : [`${file}: ${key} ${FAULTS[fault]}`];
  });
  const surplus = [...locale.keys()].filter((key) => !german.has(key));
  return [...faults, ...surplus.map((key) => `${file}: ${key} does not exist in German; delete it`)];
}

function documentFaults(language: Language): string[] {
  return documents().flatMap((name) => {
    const german = readDocument(join(OWN_TEXTS, 'de', name));
    const file = join(OWN_TEXTS, language, name);
    const translated = readDocument(file);
    if (german === undefined) return [];
    const fault =
      translated === undefined
        ? 'missing'
        : !isTranslationOf(german, translated)
          ? 'stale'
          : translated.of === undefined
            ? 'unstamped'
            : undefined;
    return fault === undefined ? [] : [`${relative(root, file)} ${FAULTS[fault]}`];
  });
}

function documents(): string[] {
  return readdirSync(join(OWN_TEXTS, 'de')).filter((name) => name.endsWith('.md'));
}

/** @param only  these languages; all if it is empty */
function stamp(only: readonly string[]): void {
  const german = readGerman(locales);
  for (const language of translations.filter((one) => only.length === 0 || only.includes(one))) {
    const entries = [...readLocale(locales, language)];
    const order = [...german.keys()];
    entries.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
    const lines = entries.map(
      ([key, one]) => `  ${JSON.stringify(key)}: ${JSON.stringify(stamped(german.get(key), one))}`,
    );
    writeFileSync(join(locales, `${language}.json`), lines.length === 0 ? '{}\n' : `{\n${lines.join(',\n')}\n}\n`);
    for (const name of documents()) stampDocument(join(OWN_TEXTS, 'de', name), join(OWN_TEXTS, language, name));
  }
}

function stamped(german: string | undefined, one: Entry): Entry {
  return typeof one !== 'string' || german === undefined ? one : { text: one, of: stampOf(german), reviewed: false };
}

function stampDocument(german: string, file: string): void {
  if (!existsSync(file) || readDocument(file)?.of !== undefined) return;
  const head = `<!-- of ${stampOf(readFileSync(german, 'utf8'))}, reviewed: no -->`;
  writeFileSync(file, `${head}\n\n${readFileSync(file, 'utf8')}`);
}

main(process.argv.slice(2));
