import type { Label, Labels, LabelTexts } from './labels';
import { PREFIX } from './metrics';
import type { TextOctets } from './text-octets';

/** Shows a series: its value, and its labels beyond those of the thing. */
export type Show = (value: number | undefined, labels?: Labels) => void;

/** What is said of all series of one name. */
export interface Heading {
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  /** Labels beyond those of the thing. */
  readonly labelNames?: readonly Label[];
}

/** Series of one name. Without a value there is no series: what is not known is not shown as zero. */
export interface Family<Thing> extends Heading {
  readonly show: (thing: Thing, show: Show) => void;
}

const SIGN = { comma: 0x2c, newline: 0x0a };
const END_OF_LABELS = Buffer.from('} ');

/** So many series lie together: 128 kB. */
const PER_BLOCK = 8192;

/** Series in the order in which they are written: of which thing, with which further labels, with which value. */
class Block {
  readonly things = new Uint32Array(PER_BLOCK);
  readonly labels = new Uint32Array(PER_BLOCK);
  readonly values = new Float64Array(PER_BLOCK);
  count = 0;
}

/** Where the texts are to which series point by their numbers: labels of the things, and further ones. */
export interface Texts {
  readonly own: LabelTexts;
  readonly further: LabelTexts;
}

/** The series of one family, as columns of numbers: 16 octets each. */
export class Series {
  readonly #heading: Heading;
  readonly #blocks: Block[] = [];
  #last: Block | undefined;

  constructor(heading: Heading) {
    this.#heading = heading;
  }

  /** @param thing  the number of its own labels  @param labels  that of the further ones */
  add(thing: number, labels: number, value: number): void {
    let block = this.#last;
    if (block === undefined || block.count === PER_BLOCK) {
      block = new Block();
      this.#last = block;
      this.#blocks.push(block);
    }
    block.things[block.count] = thing;
    block.labels[block.count] = labels;
    block.values[block.count++] = value;
  }

  /** Writes help and type, then a line for each series, and forgets what is written. Stops whenever the page is full. */
  *write(page: TextOctets, texts: Texts): Generator<void> {
    const { name, help, type } = this.#heading;
    page.text(`# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n`);
    const begin = Buffer.from(`${PREFIX}${name}{`);
    for (let block = this.#blocks.shift(); block !== undefined; block = this.#blocks.shift()) {
      for (let at = 0; at < block.count; at++) {
        this.#line(page, begin, texts, block, at);
        if (page.isFull) yield;
      }
    }
  }

  #line(page: TextOctets, begin: Uint8Array, texts: Texts, { things, labels, values }: Block, at: number): void {
    const { own, further } = texts;
    const [thing = 0, label = 0, value = 0] = [things[at], labels[at], values[at]];
    page.octets(begin);
    own.write(thing, page);
    if (!own.isEmpty(thing) && !further.isEmpty(label)) page.sign(SIGN.comma);
    further.write(label, page);
    page.octets(END_OF_LABELS);
    page.number(value);
    page.sign(SIGN.newline);
  }
}
