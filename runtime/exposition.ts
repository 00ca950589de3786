import { Figures, type Kept } from './figures';
import type { Labels } from './labels';
import type { Family } from './series';
import { TextOctets } from './text-octets';
import { turnOfOthers } from './turn';

/**
 * Many like things for Prometheus, in its text format. prom-client keeps a record for each series and makes the page in
 * one go: with 40,000 access points that stops the process for seconds. Here the page is written in pieces, straight
 * from what is known, and whatever else waits gets its turn between two of them.
 */

/** A thing with the labels that each of its series has. */
export type Labelled<Thing> = readonly [thing: Thing, labels: Labels];

/** `text/plain` of Prometheus, in the version that every Prometheus reads. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * So much is read or written before others get their turn: a few milliseconds' work. Turns cost something, too: with
 * pieces of 64 kB the page of a busy town of 40,000 access points took a quarter longer.
 */
const THINGS_AT_ONCE = 500;
const PIECE_LENGTH = 256 * 1024;

const NO_ROWS: Kept<unknown> = { families: [], rowOf: () => undefined };

/**
 * The page of these families, piece by piece. Each thing is read once, for all families: what it shows is of one moment,
 * and one thing among tens of thousands is fetched from memory once instead of for each family.
 */
export async function* exposition<Thing>(
  families: readonly Family<Thing>[],
  things: readonly Labelled<Thing>[],
  kept: Kept<Thing> = NO_ROWS,
): AsyncGenerator<Uint8Array> {
  const figures = new Figures(families, kept);
  for (const [thing, labels] of things) {
    const index = figures.read(thing, labels);
    if (index % THINGS_AT_ONCE === THINGS_AT_ONCE - 1) await turnOfOthers();
  }
  const page = new TextOctets(PIECE_LENGTH);
  for (const _ of figures.write(page)) {
    yield page.take();
    await turnOfOthers();
  }
  yield page.take();
}
