import { type Change, callOf } from './change';
import { isFull } from './faults';
import { GroupQueue, refused, type ScriptCall, type Sent } from './group-queue';

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
  readonly #script: ScriptCall;
  readonly #queue = new GroupQueue<Asked>({
    send: (group) => this.#sendAll(group),
    sizeOf: ({ change }) => change.size,
  });

  constructor(script: ScriptCall) {
    this.#script = script;
  }

  /** @returns whether the change was made */
  commit(change: Change): Promise<boolean> {
    return new Promise((resolve, reject) => {
      void this.#queue.add(this.#script.groupOf(change.anyKey), { change, resolve, reject });
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
      const { keys, values } = callOf(changes, this.#script.channel);
      const done = String(await this.#script.send(keys, values));
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
