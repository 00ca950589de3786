import { turnOfOthers } from '../../runtime/turn';

/** At most so many, and about so many values, at a time: others get their turn with Redis in between. */
const MOST_ITEMS = 128;
const MOST_VALUES = 4_000;

/** How a group is sent, and who may go in it. */
export interface Sending<Item> {
  /** Never rejects; resolves with those that are to go again, before all others. */
  readonly send: (group: readonly Item[]) => Promise<readonly Item[]>;
  /** About how many values Redis is sent for it. */
  readonly sizeOf: (item: Item) => number;
  /** Two of the same name do not go in one group. */
  readonly nameOf?: (item: Item) => string;
}

/**
 * Sends what is asked for in groups, as databases commit: all that comes while a group is under way goes together with
 * the next one, in one call and with one fsync or confirmation. There is one line of groups for each place.
 */
export class GroupQueue<Item> {
  readonly #sending: Sending<Item>;
  readonly #waiting = new Map<string, Item[]>();

  constructor(sending: Sending<Item>) {
    this.#sending = sending;
  }

  /** @returns if nobody was under way to that place: a promise that resolves when nobody waits there any more */
  add(place: string, item: Item): Promise<void> | undefined {
    const waiting = this.#waiting.get(place);
    if (waiting !== undefined) {
      waiting.push(item);
      return undefined;
    }
    this.#waiting.set(place, [item]);
    return this.#work(place);
  }

  /** One group after the other. The first one waits for what comes in the same turn. */
  async #work(place: string): Promise<void> {
    await turnOfOthers();
    for (let group = this.#take(place); group.length > 0; group = this.#take(place)) {
      const again = await this.#sending.send(group);
      if (again.length > 0) this.#waiting.set(place, [...again, ...(this.#waiting.get(place) ?? [])]);
    }
    this.#waiting.delete(place);
  }

  #take(place: string): readonly Item[] {
    const { sizeOf, nameOf } = this.#sending;
    const waiting = this.#waiting.get(place) ?? [];
    const names = new Set<string>();
    let values = 0;
    let count = 0;
    for (const item of waiting) {
      values += sizeOf(item);
      if (count > 0 && (count === MOST_ITEMS || values > MOST_VALUES)) break;
      const name = nameOf?.(item);
      if (name !== undefined) {
        if (names.has(name)) break;
        names.add(name);
      }
      count += 1;
    }
    this.#waiting.set(place, waiting.slice(count));
    return count === waiting.length ? waiting : waiting.slice(0, count);
  }
}
