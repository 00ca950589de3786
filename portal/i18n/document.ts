import { readFileSync } from 'node:fs';
import { stampOf } from '../../config/stamp';

/** A long text in Markdown, and what its first line says about how it was translated. */
export interface DocumentFile {
  readonly markdown: string;
  /** Stamp of the German text it was made from. A town's own text need not carry one. */
  readonly of?: string;
  readonly reviewed: boolean;
}

/** `<!-- of 1a2b3c4d, reviewed: no -->` */
const HEAD = /^<!-- of ([0-9a-f]{8}), reviewed: (yes|no) -->\n+/;

/** Reads a long text; undefined if there is none. */
export function readDocument(file: string): DocumentFile | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const [head, of, reviewed] = HEAD.exec(text) ?? [];
  if (head === undefined || of === undefined) return { markdown: text, reviewed: true };
  return { markdown: text.slice(head.length), of, reviewed: reviewed === 'yes' };
}

/** Was it made from this German text? Of a text without a stamp that is assumed: its town wrote both. */
export function isTranslationOf(german: DocumentFile, translated: DocumentFile): boolean {
  return translated.of === undefined || translated.of === stampOf(german.markdown);
}
