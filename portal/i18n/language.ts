import type { Request } from 'express';
import type { Language } from '../../config/schema';

/** The name of each language in itself. */
export const ENDONYMS: Readonly<Record<Language, string>> = { de: 'Deutsch', en: 'English' };

/** The query parameter by which a link chooses the language. */
export const LANGUAGE_PARAMETER = 'l';

/** What the link asked for, else what the browser asks for, else the town's first language. */
export function chooseLanguage(request: Request, offered: readonly Language[]): Language {
  const asked = request.query[LANGUAGE_PARAMETER];
  const linked = offered.find((language) => language === asked);
  if (linked !== undefined) return linked;
  const accepted = request.acceptsLanguages([...offered]);
  return offered.find((language) => language === accepted) ?? offered[0] ?? 'de';
}

/** Divides a query as it arrived into what the gateway wrote and what our own language links added at its end. */
export function withoutLanguage(rawQuery: string): string {
  return rawQuery.replace(/(?:^|&)l=[\w-]*$/, '');
}
