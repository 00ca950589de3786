import { type Labels, LabelTexts, labelText } from './labels';
import type { Form, Row } from './row';
import { type Family, type Heading, Series, type Show } from './series';
import type { TextOctets } from './text-octets';

/** Families of which each thing has a row, because they were read earlier. */
export interface Kept<Thing> {
  readonly families: readonly Heading[];
  readonly rowOf: (thing: Thing) => Row | undefined;
}

/** What has been read of all things, until it is written. */
export class Figures<Thing> {
  readonly #families: readonly Family<Thing>[];
  readonly #kept: Kept<Thing>;
  readonly #live: readonly Series[];
  readonly #rows: readonly Series[];
  readonly #own = new LabelTexts();
  readonly #further = new LabelTexts();
  readonly #noFurther = this.#further.add('');
  /** Where the texts of its labels begin. */
  readonly #ofForm = new Map<Form, number>();
  #thing = 0;
  #series: Series | undefined;

  constructor(families: readonly Family<Thing>[], kept: Kept<Thing>) {
    this.#families = families;
    this.#kept = kept;
    this.#live = families.map((family) => new Series(family));
    this.#rows = kept.families.map((family) => new Series(family));
  }

  /** @returns how many were read before */
  read(thing: Thing, labels: Labels): number {
    this.#thing = this.#own.add(labelText(labels));
    for (let i = 0; i < this.#families.length; i++) {
      this.#series = this.#live[i];
      this.#families[i]?.show(thing, this.#show);
    }
    const row = this.#kept.rowOf(thing);
    if (row !== undefined) this.#readRow(row);
    return this.#thing;
  }

  readonly #show: Show = (value, labels) => {
    if (value === undefined) return;
    const further = labels === undefined ? this.#noFurther : this.#further.add(labelText(labels));
    this.#series?.add(this.#thing, further, value);
  };

  #readRow({ form, values }: Row): void {
    const first = this.#labelsOf(form);
    for (let i = 0; i < values.length; i++)
      this.#rows[form.families[i] ?? 0]?.add(this.#thing, first + i, values[i] ?? 0);
  }

  #labelsOf(form: Form): number {
    let first = this.#ofForm.get(form);
    if (first === undefined) {
      first = this.#further.end;
      for (const text of form.labels) this.#further.add(text);
      this.#ofForm.set(form, first);
    }
    return first;
  }

  /** Stops whenever the page is full. */
  *write(page: TextOctets): Generator<void> {
    const texts = { own: this.#own, further: this.#further };
    for (const series of this.#live) yield* series.write(page, texts);
    for (const series of this.#rows) yield* series.write(page, texts);
  }
}
