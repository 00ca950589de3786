import { z } from 'zod';
import { stampOf } from '../../config/stamp';

/**
 * One text of a locale file: the text, the stamp of the German text it was made from, and whether a person has read it.
 * A plain string is a text as the translator left it; `npm run i18n:stamp` stamps it.
 */
export const entry = z.union([
  z.string(),
  z.strictObject({ text: z.string(), of: z.string().regex(/^[0-9a-f]{8}$/), reviewed: z.boolean() }),
]);
export type Entry = z.output<typeof entry>;

/** What may be wrong with a translation. A text with one of the first three is not shown: the German one stands in. */
export const FAULTS = {
  missing: 'is not translated',
  stale: 'was made from a German text that has changed since',
  placeholders: 'has other placeholders than the German text',
  unstamped: 'carries no stamp; write it with: npm run i18n:stamp',
} as const;
export type Fault = keyof typeof FAULTS;

/** What is wrong with a translation of a German text, if anything is. */
export function faultOf(german: string, translated: Entry | undefined): Fault | undefined {
  if (translated === undefined) return 'missing';
  if (typeof translated !== 'string' && translated.of !== stampOf(german)) return 'stale';
  if (placeholders(german) !== placeholders(textOf(translated))) return 'placeholders';
  return typeof translated === 'string' ? 'unstamped' : undefined;
}

export function textOf(translated: Entry): string {
  return typeof translated === 'string' ? translated : translated.text;
}

function placeholders(text: string): string {
  return [...new Set(text.match(/\{\w+\}/g))].sort().join();
}
