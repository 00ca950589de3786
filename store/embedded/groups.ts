import type { Engine } from './engine';

/** What came of one of a group: a fault of its own does not concern the others. */
export type Outcome<Written> = { readonly written: Written } | { readonly error: unknown };

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes in groups: all that come while a commit is written go into the next transaction together, so that its cost, and
 * the totals that all of them add to, are shared.
 */
export class Groups<Item, Written, Result> {
  readonly #engine: Engine;
  readonly #write: (group: readonly Item[]) => readonly Outcome<Written>[];
  readonly #onDisk: (written: Written) => Result;
  #waiting: Waiting<Item, Result>[] = [];

  /**
   * @param write  called inside a writing operation; says what came of each, in the same order
   * @param onDisk  called for each when it is on disk: what its promise resolves to
   */
  constructor(
    engine: Engine,
    write: (group: readonly Item[]) => readonly Outcome<Written>[],
    onDisk: (written: Written) => Result,
  ) {
    this.#engine = engine;
    this.#write = write;
    this.#onDisk = onDisk;
  }

  /** @returns its result, once it is on disk */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ item, resolve, reject }) === 1) void this.#commit();
    });
  }

  async #commit(): Promise<void> {
    let group: readonly Waiting<Item, Result>[] = [];
    try {
      const outcomes = await this.#engine.write(() => {
        group = this.#take();
        return this.#write(group.map(({ item }) => item));
      });
      for (const [index, outcome] of outcomes.entries()) this.#settle(group[index], outcome);
    } catch (error) {
      // Refused before it began: then those that wait are the group.
      if (group.length === 0) group = this.#take();
      for (const { reject } of group) reject(error);
    }
  }

  #take(): readonly Waiting<Item, Result>[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  #settle(waiting: Waiting<Item, Result> | undefined, outcome: Outcome<Written>): void {
    if ('error' in outcome) waiting?.reject(outcome.error);
    else waiting?.resolve(this.#onDisk(outcome.written));
  }
}

/** Does each by itself: one that throws must have changed nothing. */
export function eachOf<Item, Written>(group: readonly Item[], one: (item: Item) => Written): Outcome<Written>[] {
  return group.map((item) => {
    try {
      return { written: one(item) };
    } catch (error) {
      return { error };
    }
  });
}
