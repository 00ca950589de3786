import { type LABELS, PREFIX } from './metrics';
import { turnOfOthers } from './turn';

/**
 * Many like things for Prometheus, in its text format. prom-client keeps a record for each series and makes the page in
 * one go: with 40,000 access points that stops the process for seconds. Here the page is written in pieces straight from
 * what is known, and whatever else waits gets its turn between two pieces.
 */

export type Label = (typeof LABELS)[number];

/** Shows a series: its value, and its labels beyond those of the thing, as `labelText` writes them. */
export type Show = (value: number | undefined, labels?: string) => void;

/** Series of one name. Without a value there is no series: what is not known is not shown as zero. */
export interface Family<Thing> {
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  /** Labels beyond those of the thing. */
  readonly labelNames?: readonly Label[];
  readonly show: (thing: Thing, show: Show) => void;
}

/** A thing with its own labels, as `labelText` writes them. */
export type Labelled<Thing> = readonly [thing: Thing, labels: string];

/** `text/plain` of Prometheus, in the version that every Prometheus reads. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** So much is written before others get their turn: less than a millisecond's work. */
const PIECE_LENGTH = 64 * 1024;

/** `ap="ap-1",site="school"` */
export function labelText(labels: Partial<Record<Label, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => pair(name, value))
    .join(',');
}

/** The same for a single label: the way that is gone for each interface of each access point. */
export function oneLabel(name: Label, value: string): string {
  return pair(name, value);
}

function pair(name: string, value: string): string {
  return `${name}="${escapeLabel(value)}"`;
}

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (sign) => (sign === '\n' ? '\\n' : `\\${sign}`)) : value;
}

/** The page of these families, piece by piece. */
export async function* exposition<Thing>(
  families: readonly Family<Thing>[],
  things: readonly Labelled<Thing>[],
): AsyncGenerator<string> {
  let piece = '';
  for (const { name, help, type, show } of families) {
    const series = PREFIX + name;
    let own = '';
    const write: Show = (value, labels) => {
      if (value === undefined) return;
      piece += `${series}{${own}${labels === undefined ? '' : own === '' ? labels : `,${labels}`}} ${value}\n`;
    };
    piece += `# HELP ${series} ${help}\n# TYPE ${series} ${type}\n`;
    for (const [thing, labels] of things) {
      own = labels;
      show(thing, write);
      if (piece.length < PIECE_LENGTH) continue;
      yield piece;
      piece = '';
      await turnOfOthers();
    }
  }
  yield piece;
}
