import { type Change, callOf } from './change';
import { isFull } from './faults';
import { GroupQueue, refused, type Sent } from './group-queue';
import type { Value } from './keys';

interface Asked {
  readonly change: Change;
  readonly resolve: (isDone: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends changes to Redis in groups, each in one call of the script COMMIT. In the group each is done by itself; and where
 * Redis has no memory for the first that writes, each is sent by itself, so that what only removes is done.
 */
export class CommitQueue {
  readonly #channel: string;
  readonly #groupOf: (key: string) => string;
  readonly #send: (keys: string[], values: Value[]) => Promise<unknown>;
  readonly #queue = new GroupQueue<Asked>({
    send: (group) => this.#sendAll(group),
    sizeOf: ({ change }) => change.size,
  });

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
      void this.#queue.add(this.#groupOf(change.anyKey), { change, resolve, reject });
    });
  }

  async #sendAll(group: readonly Asked[]): Promise<Sent<Asked>> {
    const sent = await this.#commitAll(group);
    if (sent !== undefined) return sent;
    const each = await Promise.all(group.map((asked) => this.#commitAll([asked])));
    return {
      tell: () => {
        for (const one of each) one?.tell();
      },
    };
  }

  /** @returns undefined if nothing of the group was written or answered, and a part of it may succeed */
  async #commitAll(group: readonly Asked[]): Promise<Sent<Asked> | undefined> {
    try {
      const changes = group.map(({ change }) => change);
      const { keys, values } = callOf(changes, this.#channel);
      const done = String(await this.#send(keys, values));
      return {
        tell: () => {
          for (const [i, { resolve }] of group.entries()) resolve(done[i] === '1');
        },
      };
    } catch (error) {
      if (group.length > 1 && isFull(error)) return undefined;
      return refused(group, error);
    }
  }
}
