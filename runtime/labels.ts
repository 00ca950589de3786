import type { LABELS } from './metrics';
import { TextOctets } from './text-octets';

export type Label = (typeof LABELS)[number];

export type Labels = { readonly [name in Label]?: string | undefined };

/** `ap="ap-1",site="school"`, without those that are undefined. */
export function labelText(labels: Labels): string {
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

/** Texts of labels, one after the other in one piece of memory. */
export class LabelTexts {
  readonly #text = new TextOctets(TEXT_LENGTH);
  readonly #ends: number[] = [];

  /** @returns its number; they count up from zero */
  add(text: string): number {
    this.#text.text(text);
    return this.#ends.push(this.#text.length) - 1;
  }

  /** The number that the next one gets. */
  get end(): number {
    return this.#ends.length;
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
