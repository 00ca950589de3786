import type { LABELS } from './metrics';
import { TextOctets } from './text-octets';

export type Label = (typeof LABELS)[number];

export type Labels = { readonly [name in Label]?: string | undefined };

/** `ap="ap-1",site="school"`, without those that are undefined. */
function labelText(labels: Labels): string {
  let text = '';
  let name: Label;
  for (name in labels) {
    const value = labels[name];
    if (value !== undefined) text += `${text === '' ? '' : ','}${name}="${escaped(value)}"`;
  }
  return text;
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (sign) => (sign === '\n' ? '\\n' : `\\${sign}`)) : value;
}

const TEXT_LENGTH = 1024;

/** What a label's value leads to: the values that the next one had, or the number of the text. */
interface Branch {
  index?: number;
  next?: Map<string | undefined, Branch>;
}

/** Texts of labels, one after the other in one piece of memory. */
export class LabelTexts {
  readonly #text = new TextOctets(TEXT_LENGTH);
  readonly #ends: number[] = [];
  readonly #seen: Branch = {};

  /** @returns its number; they count up from zero */
  add(labels: Labels): number {
    this.#text.text(labelText(labels));
    return this.#ends.push(this.#text.length) - 1;
  }

  /** The number of a text that is kept once. @param labels  with the same names in the same order each time */
  indexOf(labels: Labels): number {
    let branch = this.#seen;
    let name: Label;
    for (name in labels) {
      branch.next ??= new Map();
      let next = branch.next.get(labels[name]);
      if (next === undefined) {
        next = {};
        branch.next.set(labels[name], next);
      }
      branch = next;
    }
    branch.index ??= this.add(labels);
    return branch.index;
  }

  isEmpty(index: number): boolean {
    return this.#from(index) === this.#ends[index];
  }

  write(index: number, page: TextOctets): void {
    page.stretch(this.#text, this.#from(index), this.#ends[index] ?? 0);
  }

  #from(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
  }
}
