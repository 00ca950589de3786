import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The texts that come with Stadtfunk, found from the source and from dist/ alike. */
const ownTexts = [join(__dirname, 'terms'), resolve(__dirname, '../../config/terms')].find(existsSync);

/** The file with one version of the terms in one language; `folder` is the configuration's terms.folder. */
export function termsFile(folder: string | undefined, language: string, version: string): string {
  return join(folder ?? ownTexts ?? 'config/terms', language, `${version}.md`);
}
