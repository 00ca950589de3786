import { labelText } from './labels';
import type { Family, Show } from './series';
import { Shared } from './shared';

/** Which series a row has; one object for all things that show the same series. */
export interface Form {
  /** Of which family each of them is, by its place. */
  readonly families: readonly number[];
  /** The text of the labels of each. */
  readonly labels: readonly string[];
}

/** What a thing showed at one moment: the values of its series, one after the other. */
export interface Row {
  readonly form: Form;
  readonly values: readonly number[];
}

/**
 * Makes rows of what things show, so that this is kept instead of the things: numbers that lie together are fetched from
 * memory at once, where an object of maps and objects lies anywhere.
 */
export class Rows<Thing> {
  readonly #families: readonly Family<Thing>[];
  readonly #forms = new Shared<Form>();
  /** The row in the making: what its series are, and their values. */
  #series = '';
  #values: number[] = [];
  #family = 0;

  constructor(families: readonly Family<Thing>[]) {
    this.#families = families;
  }

  of(thing: Thing): Row {
    this.#series = '';
    this.#values = [];
    for (this.#family = 0; this.#family < this.#families.length; this.#family++)
      this.#families[this.#family]?.show(thing, this.#show);
    // A list that grew has room for more; its copy has not.
    return { form: this.#forms.of(this.#series, () => formOf(this.#series)), values: this.#values.slice() };
  }

  readonly #show: Show = (value, labels) => {
    if (value === undefined) return;
    this.#series += `${this.#family} ${labels === undefined ? '' : labelText(labels)}\n`;
    this.#values.push(value);
  };
}

/** @param series  a line for each: number of the family, space, labels (in which there is no end of a line) */
function formOf(series: string): Form {
  const lines = series.split('\n').slice(0, -1);
  const families = lines.map((line) => Number.parseInt(line, 10));
  const labels = lines.map((line) => line.slice(line.indexOf(' ') + 1));
  return { families, labels };
}
