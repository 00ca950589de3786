import { Counter, type CounterConfiguration, Histogram, type HistogramConfiguration } from 'prom-client';

/**
 * Figures kept in plain numbers until Prometheus asks. prom-client makes a text of the labels each time that something is
 * counted, which is a lot for what is counted with every request.
 */

/** A counter with one label or two. */
export class Tally {
  /** By the value of the first label, then by that of the second. */
  readonly #counts = new Map<string, Map<string, number>>();

  /** @param step  the counter moves by so many at a time, so that it tells of nobody alone */
  constructor(counter: CounterConfiguration<string> & { readonly labelNames: readonly string[] }, step = 1) {
    const counts = this.#counts;
    const [first = '', second] = counter.labelNames;
    new Counter({
      ...counter,
      collect() {
        this.reset();
        for (const [one, row] of counts) {
          for (const [other, count] of row) {
            this.inc({ [first]: one, ...(second !== undefined && { [second]: other }) }, count - (count % step));
          }
        }
      },
    });
  }

  /** @param by  nothing, so that a series exists before its first event */
  add(first: string, second = '', by: 0 | 1 = 1): void {
    let row = this.#counts.get(first);
    if (row === undefined) {
      row = new Map();
      this.#counts.set(first, row);
    }
    row.set(second, (row.get(second) ?? 0) + by);
  }
}

interface Taken {
  /** For each bound how many lie under it and not under the one before; last, those above all. */
  readonly counts: Float64Array;
  sum: number;
}

type LabelValues = Readonly<Record<string, string | number>>;

/** A histogram with one label whose values are all known. */
export class Durations<Value extends string> extends Histogram {
  readonly #histogram: { readonly name: string; readonly help: string };
  readonly #bounds: readonly number[];
  readonly #label: string;
  readonly #taken: Map<Value, Taken>;

  constructor(
    histogram: HistogramConfiguration<string> & { readonly buckets: number[]; readonly labelNames: readonly string[] },
    values: readonly Value[],
  ) {
    super(histogram);
    this.#histogram = histogram;
    this.#bounds = histogram.buckets;
    this.#label = histogram.labelNames[0] ?? '';
    const length = this.#bounds.length + 1;
    this.#taken = new Map(values.map((value) => [value, { counts: new Float64Array(length), sum: 0 }]));
  }

  took(value: Value, seconds: number): void {
    const taken = this.#taken.get(value);
    if (taken === undefined) return;
    let at = 0;
    while (at < this.#bounds.length && seconds > (this.#bounds[at] ?? 0)) at++;
    taken.counts[at] = (taken.counts[at] ?? 0) + 1;
    taken.sum += seconds;
  }

  /** What prom-client makes its page from, in place of what it would have counted itself. */
  async getForPromString() {
    const { name, help } = this.#histogram;
    const values: { metricName: string; value: number; labels: LabelValues; sharedLabels: LabelValues }[] = [];
    for (const [value, { counts, sum }] of this.#taken) {
      const sharedLabels = { [this.#label]: value };
      let soFar = 0;
      counts.forEach((count, i) => {
        soFar += count;
        const le = this.#bounds[i] ?? '+Inf';
        values.push({ metricName: `${name}_bucket`, value: soFar, labels: { le }, sharedLabels });
      });
      values.push(
        { metricName: `${name}_sum`, value: sum, labels: {}, sharedLabels },
        { metricName: `${name}_count`, value: soFar, labels: {}, sharedLabels },
      );
    }
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }
}
