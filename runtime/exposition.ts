import { type LABELS, PREFIX } from './metrics';
import { TextOctets } from './text-octets';
import { turnOfOthers } from './turn';

/**
 * Many like things for Prometheus, in its text format. prom-client keeps a record for each series and makes the page in
 * one go: with 40,000 access points that stops the process for seconds. Here the page is written in pieces straight from
 * what is known, and whatever else waits gets its turn between two pieces.
 */

export type Label = (typeof LABELS)[number];

export type Labels = { readonly [name in Label]?: string | undefined };

/** Shows a series: its value, and its labels beyond those of the thing. */
export type Show = (value: number | undefined, labels?: Labels) => void;

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

/** A thing with the labels that each of its series has. */
export type Labelled<Thing> = readonly [thing: Thing, labels: Labels];

/** `text/plain` of Prometheus, in the version that every Prometheus reads. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** So much is written before others get their turn: less than a millisecond's work. */
const PIECE_LENGTH = 64 * 1024;
const SIGN = { comma: 0x2c, newline: 0x0a };

/** The page of these families, piece by piece. */
export async function* exposition<Thing>(
  families: readonly Family<Thing>[],
  things: readonly Labelled<Thing>[],
): AsyncGenerator<Uint8Array> {
  const page = new TextOctets(PIECE_LENGTH);
  const owned = ownLabels(things);
  for (const { name, help, type, show } of families) {
    const series = PREFIX + name;
    const begin = Buffer.from(`${series}{`);
    let own: Uint8Array = begin;
    const write: Show = (value, labels) => {
      if (value === undefined) return;
      page.octets(begin);
      page.octets(own);
      if (labels !== undefined) writeLabels(page, labels, own.length > 0);
      page.text('} ');
      page.number(value);
      page.sign(SIGN.newline);
    };
    page.text(`# HELP ${series} ${help}\n# TYPE ${series} ${type}\n`);
    for (const [thing, labels] of owned) {
      own = labels;
      show(thing, write);
      if (page.length < PIECE_LENGTH) continue;
      yield page.take();
      await turnOfOthers();
    }
  }
  yield page.take();
}

/** What is the same in each family is written once for all of them. */
function ownLabels<Thing>(things: readonly Labelled<Thing>[]): (readonly [Thing, Uint8Array])[] {
  const text = new TextOctets(PIECE_LENGTH);
  const ends = things.map(([, labels]) => {
    writeLabels(text, labels, false);
    return text.length;
  });
  const written = text.take();
  return things.map(([thing], i) => [thing, written.subarray(ends[i - 1] ?? 0, ends[i])]);
}

/** `ap="ap-1",site="school"` */
function writeLabels(text: TextOctets, labels: Labels, goesOn: boolean): void {
  let separate = goesOn;
  let name: Label;
  for (name in labels) {
    const value = labels[name];
    if (value === undefined) continue;
    if (separate) text.sign(SIGN.comma);
    text.label(name, value);
    separate = true;
  }
}
