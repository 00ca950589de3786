import { availableParallelism } from 'node:os';
import { turnOfOthers } from '../../runtime/turn';
import { isSilence } from './faults';
import type { Value } from './keys';

/** At most so many, and about so many values, at a time: others get their turn with Redis in between. */
const MOST_ITEMS = 128;
const MOST_VALUES = 4_000;

/**
 * On a single core Redis and we take turns anyway: a group is sent when those of the last one were told and have asked
 * again, which takes two turns, because of datagrams 32 are read in one. Half as many groups cost Redis less for each report.
 */
const TURNS_BETWEEN = availableParallelism() === 1 ? 2 : 0;

/** What became of a group. */
export interface Sent<Item> {
  /** Those that are to go again, before all others. */
  readonly again?: readonly Item[];
  /** Tells everybody else. */
  tell(): void;
  /** Redis said nothing in the time that it has for an answer. */
  readonly silence?: unknown;
}

export interface Refusable {
  reject(error: unknown): void;
}

/** Nothing of it was done, as far as anybody knows. */
export function refused(group: readonly Refusable[], error: unknown): Sent<never> {
  return { tell: () => refuse(group, error), ...(isSilence(error) && { silence: error }) };
}

function refuse(group: readonly Refusable[], error: unknown): void {
  for (const { reject } of group) reject(error);
}

/** The script that groups are sent to. */
export interface ScriptCall {
  /** Where it tells of grants that it changes. */
  readonly channel: string;
  /** What has keys of the same group may go in one call. */
  readonly groupOf: (key: string) => string;
  /** Resolves when what the script wrote is durable. */
  readonly send: (keys: string[], values: Value[]) => Promise<unknown>;
}

/** How a group is sent, and who may go in it. */
export interface Sending<Item> {
  /** Never rejects. */
  readonly send: (group: readonly Item[]) => Promise<Sent<Item>>;
  /** About how many values Redis is sent for it. */
  readonly sizeOf: (item: Item) => number;
  /** Two of the same name do not go in one group. */
  readonly nameOf?: (item: Item) => string;
}

/**
 * Sends what is asked for in groups, as databases commit: all that comes while a group is under way goes together with
 * the next one, in one call and with one fsync or confirmation. There is one line of groups for each place.
 */
export class GroupQueue<Item extends Refusable> {
  readonly #sending: Sending<Item>;
  readonly #turnsBetween: number;
  readonly #waiting = new Map<string, Item[]>();

  /** @param turnsBetween  turns of the event loop between the answer to a group and the next one; 0: at once */
  constructor(sending: Sending<Item>, turnsBetween = TURNS_BETWEEN) {
    this.#sending = sending;
    this.#turnsBetween = turnsBetween;
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

  /**
   * One group after the other; the first one waits for what comes in the same turn. The next one is on its way before
   * those of the last one are told, so that Redis works while they go on; but see `TURNS_BETWEEN`. Where Redis is silent,
   * those who wait are refused with the group: else each group would wait as long again, and the last one for half a minute.
   */
  async #work(place: string): Promise<void> {
    await turnOfOthers();
    let sending = this.#sendNext(place);
    while (sending !== undefined) {
      const { again = [], tell, silence } = await sending;
      if (silence !== undefined) refuse(this.#waiting.get(place)?.splice(0) ?? [], silence);
      if (again.length > 0) this.#waiting.set(place, [...again, ...(this.#waiting.get(place) ?? [])]);
      if (this.#turnsBetween > 0) tell();
      for (let turn = 0; turn < this.#turnsBetween; turn++) await turnOfOthers();
      sending = this.#sendNext(place);
      if (this.#turnsBetween === 0) tell();
    }
  }

  /** @returns undefined if nobody waits */
  #sendNext(place: string): Promise<Sent<Item>> | undefined {
    const group = this.#take(place);
    if (group.length > 0) return this.#sending.send(group);
    this.#waiting.delete(place);
    return undefined;
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
