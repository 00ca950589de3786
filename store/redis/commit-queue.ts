import { atEndOfTurn } from '../../runtime/turn';
import { type Change, callOf } from './change';
import { isFull } from './faults';
import type { Value } from './keys';

/** At most so many changes, and about so many values, at a time: others get their turn with Redis in between. */
const MOST_CHANGES = 128;
const MOST_VALUES = 4_000;

const FULL = Symbol('full');

interface Asked {
  readonly change: Change;
  readonly resolve: (isDone: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends changes to Redis in groups, as databases commit: all that are asked for while a group is under way go together
 * with the next one, in one call of the script and with one fsync or confirmation. In the group each is done by itself;
 * and where Redis has no memory for the first that writes, each is sent by itself, so that what only removes is done.
 */
export class CommitQueue {
  readonly #channel: string;
  readonly #groupOf: (key: string) => string;
  readonly #send: (keys: string[], values: Value[]) => Promise<unknown>;
  readonly #waiting = new Map<string, Asked[]>();

  /**
   * @param groupOf  changes whose keys give the same may go in one call
   * @param send  calls COMMIT, and resolves when what it wrote is durable
   */
  constructor(
    channel: string,
    groupOf: (key: string) => string,
    send: (keys: string[], values: Value[]) => Promise<unknown>,
  ) {
    this.#channel = channel;
    this.#groupOf = groupOf;
    this.#send = send;
  }

  /** @returns whether the change was made */
  commit(change: Change): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const name = this.#groupOf(change.anyKey);
      const asked = { change, resolve, reject };
      const waiting = this.#waiting.get(name);
      if (waiting !== undefined) {
        waiting.push(asked);
        return;
      }
      this.#waiting.set(name, [asked]);
      atEndOfTurn(() => void this.#work(name));
    });
  }

  /** One group after the other, until nobody waits. */
  async #work(name: string): Promise<void> {
    for (let group = this.#take(name); group.length > 0; group = this.#take(name)) {
      const isRefused = (await this.#commitAll(group)) === FULL;
      if (isRefused) await Promise.all(group.map((asked) => this.#commitAll([asked])));
    }
    this.#waiting.delete(name);
  }

  /** @returns FULL if nothing of the group was written or answered, and a part of it may succeed */
  async #commitAll(group: readonly Asked[]): Promise<typeof FULL | undefined> {
    try {
      const changes = group.map(({ change }) => change);
      const { keys, values } = callOf(changes, this.#channel);
      const done = String(await this.#send(keys, values));
      for (const [i, { resolve }] of group.entries()) resolve(done[i] === '1');
    } catch (error) {
      if (group.length > 1 && isFull(error)) return FULL;
      for (const { reject } of group) reject(error);
    }
    return undefined;
  }

  #take(name: string): readonly Asked[] {
    const waiting = this.#waiting.get(name) ?? [];
    let size = 0;
    const beyond = waiting.findIndex(({ change }, i) => {
      size += change.size;
      return i > 0 && (i === MOST_CHANGES || size > MOST_VALUES);
    });
    const count = beyond < 0 ? waiting.length : beyond;
    this.#waiting.set(name, waiting.slice(count));
    return waiting.slice(0, count);
  }
}
