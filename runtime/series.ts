import { type Label, type Labels, LabelTexts } from './labels';
import { PREFIX } from './metrics';
import type { TextOctets } from './text-octets';

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

const SIGN = { comma: 0x2c, newline: 0x0a };
const END_OF_LABELS = Buffer.from('} ');
const NO_LABELS: Labels = {};

/** So many series lie together: 128 kB. */
const PER_BLOCK = 8192;

/** Series in the order in which they are written: of which thing, with which further labels, with which value. */
class Block {
  readonly things = new Uint32Array(PER_BLOCK);
  readonly labels = new Uint32Array(PER_BLOCK);
  readonly values = new Float64Array(PER_BLOCK);
  count = 0;
}

/** The series of one family, as columns of numbers: 16 octets each. */
export class Series<Thing> {
  readonly #family: Family<Thing>;
  readonly #labels = new LabelTexts();
  readonly #blocks: Block[] = [];
  #thing = 0;

  constructor(family: Family<Thing>) {
    this.#family = family;
  }

  /** Takes what the thing shows. @param index  where its own labels are */
  read(thing: Thing, index: number): void {
    this.#thing = index;
    this.#family.show(thing, this.#show);
  }

  readonly #show: Show = (value, labels = NO_LABELS) => {
    if (value === undefined) return;
    let block = this.#blocks.at(-1);
    if (block === undefined || block.count === PER_BLOCK) {
      block = new Block();
      this.#blocks.push(block);
    }
    block.things[block.count] = this.#thing;
    block.labels[block.count] = this.#labels.indexOf(labels);
    block.values[block.count++] = value;
  };

  /**
   * Writes help and type, then a line for each series, and forgets what is written. Stops whenever the page is full.
   * @param own  the labels of the things
   */
  *write(page: TextOctets, own: LabelTexts): Generator<void> {
    const { name, help, type } = this.#family;
    page.text(`# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n`);
    const begin = Buffer.from(`${PREFIX}${name}{`);
    for (let block = this.#blocks.shift(); block !== undefined; block = this.#blocks.shift()) {
      for (let at = 0; at < block.count; at++) {
        this.#line(page, begin, own, block, at);
        if (page.isFull) yield;
      }
    }
  }

  #line(page: TextOctets, begin: Uint8Array, own: LabelTexts, { things, labels, values }: Block, at: number): void {
    const [thing = 0, further = 0, value = 0] = [things[at], labels[at], values[at]];
    page.octets(begin);
    own.write(thing, page);
    if (!own.isEmpty(thing) && !this.#labels.isEmpty(further)) page.sign(SIGN.comma);
    this.#labels.write(further, page);
    page.octets(END_OF_LABELS);
    page.number(value);
    page.sign(SIGN.newline);
  }
}
