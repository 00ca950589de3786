import type { MistakeKind } from './messages';

/** One mistake in a configuration: where, what is there, what is wrong, what to do. */
export interface Mistake {
  readonly kind: MistakeKind;
  /** As one writes it: `sites[0].rules.sessionMinutes`; empty for the file as a whole. */
  readonly path: string;
  readonly line?: number;
  /** What stands there, shortened; left out for secrets. */
  readonly value?: string;
  readonly message: string;
  readonly remedy: string;
}

/** A mistake as one line of text: `town.yaml:12 sites[0].id = "A B": What is wrong. What to do.` */
export function formatMistake(file: string, { path, line, value, message, remedy }: Mistake): string {
  const where = line === undefined ? file : `${file}:${line}`;
  const what = [path, value === undefined ? '' : JSON.stringify(value)].filter(Boolean).join(' = ');
  return `${where}${what && ` ${what}`}: ${message} ${remedy}`;
}

/** Keys and positions as one writes them: `sites[0].rules`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text && '.'}${String(part)}`),
    '',
  );
}
