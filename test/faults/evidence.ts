import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../runtime/package-root';
import type { Product } from '../support/product';
import { until } from '../support/wait';

/** One row of docs/failure-modes.md. */
export interface Row {
  readonly drill: string;
  /** What it says the operator sees: metrics, and events of the log. */
  readonly signs: readonly string[];
}

const CELLS = /^\| `([a-z-]+)` \|[^|]*\|[^|]*\|([^|]*)\|[^|]*\|$/;

/** The rows of the table: drill, fault, visitor, operator, kept. */
export function table(): readonly Row[] {
  const lines = readFileSync(join(packageRoot, 'docs', 'failure-modes.md'), 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, drill, operator] = CELLS.exec(line) ?? [];
    if (drill === undefined || operator === undefined) return [];
    return [{ drill, signs: [...operator.matchAll(/`([^`]+)`/g)].map(([, sign = '']) => sign) }];
  });
}

/** What a drill saw of that which its row of the table tells operators to look at. */
export class Evidence {
  readonly #drill: string;
  readonly #seen = new Set<string>();

  constructor(drill: string) {
    this.#drill = drill;
  }

  /** Waits until a series of the metrics page is as expected. */
  async metric(product: Product, series: string, isSo: (value: number) => boolean): Promise<void> {
    let last: number | undefined;
    const look = async (): Promise<boolean> => {
      last = await product.metric(series);
      return last !== undefined && isSo(last);
    };
    await until(`${series} is as expected`, look).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${last}`);
    });
    // Which site it was is the drill's own; the reason is not.
    this.#seen.add(series.replace(/\{site=.*/, ''));
  }

  /** Waits for a line of the log with this event, which the text after it follows. */
  async logged(product: Product, event: string, about = /(?:)/, from = 0): Promise<void> {
    await until(`the log says ${event}`, () => this.#lines(product, event, from).some((line) => about.test(line)));
    this.#seen.add(event);
  }

  /** For what was seen in another way. */
  saw(sign: string): void {
    this.#seen.add(sign);
  }

  /** The table tells operators of what was seen, and of nothing else. */
  isWhatTheTableTells(): void {
    const row = table().find(({ drill }) => drill === this.#drill);
    expect({ drill: this.#drill, signs: row?.signs.toSorted() }).toEqual({
      drill: this.#drill,
      signs: [...this.#seen].toSorted(),
    });
  }

  #lines(product: Product, event: string, from: number): string[] {
    return product
      .output()
      .slice(from)
      .split('\n')
      .filter((line) => line.includes(`"event":"${event}"`));
  }
}
