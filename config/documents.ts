import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Where the long texts of a town lie: <folder>/<language>/<name>.md. The name of terms is their version; the others are
 * named after their kind, and `privacy-2027-01-01.md` is the privacy notice from that day on. The German file decides:
 * where it lies, its translations are looked for, so that nobody reads the translation of another town's text.
 */

/** Besides the terms. */
export const DOCUMENTS = ['privacy', 'imprint', 'accessibility'] as const;
export type DocumentKind = (typeof DOCUMENTS)[number];

/** The texts that come with Stadtfunk, found from the source and from dist/ alike. */
export const OWN_TEXTS = [join(__dirname, 'terms'), resolve(__dirname, '../../config/terms')].find(existsSync) ?? '';

/** One text: the folder with the languages, and its name there. */
export interface TextPlace {
  readonly folder: string;
  readonly name: string;
}

export function textFile({ folder, name }: TextPlace, language: string): string {
  return join(folder, language, `${name}.md`);
}

/** The terms of a version; `folder` is the one that the configuration names beside the version. */
export function termsPlace(folder: string | undefined, version: string): TextPlace {
  return { folder: folder ?? OWN_TEXTS, name: version };
}

/** All versions of a document in the first of the folders that has it, each with the first day on which it is valid. */
export function documentPlaces(
  kind: DocumentKind,
  folders: readonly (string | undefined)[],
): readonly (TextPlace & { readonly validFrom: string })[] {
  const pattern = new RegExp(`^${kind}(?:-(\\d{4}-\\d\\d-\\d\\d))?\\.md$`);
  for (const folder of folders) {
    const german = folder === undefined ? '' : join(folder, 'de');
    const files = existsSync(german) ? readdirSync(german) : [];
    const found = files.flatMap((file) => {
      const [match, validFrom = ''] = pattern.exec(file) ?? [];
      return folder === undefined || match === undefined
        ? []
        : [{ folder, name: match.slice(0, -'.md'.length), validFrom }];
    });
    if (found.length > 0) return found;
  }
  return [];
}
