import { type ChainableCommander, Cluster } from 'ioredis';
import type { Client } from './engine';
import { lacksScript, notConfirmed } from './faults';
import { slotOf, type Value } from './keys';
import type { Script } from './scripts';

/** How it is seen to that what a script wrote is kept before it counts as done. */
export interface Durability {
  confirmed(redis: Client, script: Script, keys: string[], values: Value[]): Promise<unknown>;
}

/** Redis writes to its disk before it answers (`appendfsync always`). */
export const answered: Durability = {
  confirmed: async (redis, script, keys, values) => {
    const ask = redis.pipeline().evalsha(script.sha, keys.length, ...keys, ...values);
    const [error, result] = (await ask.exec())?.[0] ?? [];
    if (!error) return result;
    if (!lacksScript(error)) throw error;
    return redis.eval(script.source, keys.length, ...keys, ...values);
  },
};

/** How long a replica or disk may take to confirm; less than a command may take altogether. */
const PATIENCE_MS = 1_000;

interface Asked {
  readonly script: Script;
  readonly keys: string[];
  readonly values: Value[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** How to ask for the confirmation of all that went through this connection before, and how to read the answer. */
interface Confirmation {
  readonly ask: (pipeline: ChainableCommander) => ChainableCommander;
  /** @throws OperatorError STORE_NOT_CONFIRMED */
  readonly check: (answer: unknown) => void;
}

/** By WAIT: so many replicas have it in their memory. */
export function byReplicas(count: number): Confirmation {
  return {
    ask: (pipeline) => pipeline.wait(count, PATIENCE_MS),
    check: (answer) => {
      if (Number(answer) < count) throw notConfirmed(Number(answer), count);
    },
  };
}

/** By WAITAOF (Redis 7.2): it is on the master's disk. */
export function byDisk(): Confirmation {
  return {
    ask: (pipeline) => pipeline.call('WAITAOF', 1, 0, PATIENCE_MS),
    check: (answer) => {
      if (!Array.isArray(answer) || answer[0] !== 1) throw notConfirmed(0, 1);
    },
  };
}

/**
 * Confirms writes in groups, one for each server: all that are asked for while a confirmation is waited for go together
 * with the next one. WAIT holds for the connection through which the writes went, so both go in one pipeline; and it
 * holds up whatever else wants through, so there is never more than one.
 */
export class Confirmed implements Durability {
  readonly #confirmation: Confirmation;
  readonly #waiting = new Map<string, Asked[]>();

  constructor(confirmation: Confirmation) {
    this.#confirmation = confirmation;
  }

  confirmed(redis: Client, script: Script, keys: string[], values: Value[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const server = serverOf(redis, keys[0] ?? '');
      const waiting = this.#waiting.get(server);
      const asked = { script, keys, values, resolve, reject };
      if (waiting !== undefined) {
        waiting.push(asked);
        return;
      }
      this.#waiting.set(server, [asked]);
      void this.#work(redis, server);
    });
  }

  /** One group after the other, until nobody waits. */
  async #work(redis: Client, server: string): Promise<void> {
    for (let group = this.#take(server); group.length > 0; group = this.#take(server)) {
      try {
        await this.#run(redis, group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#waiting.delete(server);
  }

  #take(server: string): readonly Asked[] {
    const taken = this.#waiting.get(server) ?? [];
    this.#waiting.set(server, []);
    return taken;
  }

  async #run(redis: Client, group: readonly Asked[]): Promise<void> {
    const first = await this.#send(redis, group, ({ sha }) => ['evalsha', sha]);
    const lacking = group.filter((_, i) => lacksScript(first[i]?.[0]));
    if (lacking.length > 0) {
      const second = await this.#send(redis, lacking, ({ source }) => ['eval', source]);
      for (const [i, asked] of lacking.entries()) settle(asked, second[i]);
    }
    for (const [i, asked] of group.entries()) if (!lacking.includes(asked)) settle(asked, first[i]);
  }

  /** What each was answered, once all is confirmed. */
  async #send(redis: Client, group: readonly Asked[], how: (script: Script) => ['evalsha' | 'eval', string]) {
    const pipeline = redis.pipeline();
    for (const { script, keys, values } of group) {
      const [command, what] = how(script);
      pipeline[command](what, keys.length, ...keys, ...values);
    }
    const answers = (await this.#confirmation.ask(pipeline).exec()) ?? [];
    const [error, confirmation] = answers.pop() ?? [];
    if (error) throw error;
    this.#confirmation.check(confirmation);
    return answers;
  }
}

function settle({ resolve, reject }: Asked, answer: [error: Error | null, result: unknown] | undefined): void {
  const [error, result] = answer ?? [];
  if (error) reject(error);
  else resolve(result);
}

/** Which server has the key, as far as is known: keys of one server go through one connection. */
function serverOf(redis: Client, key: string): string {
  return redis instanceof Cluster ? (redis.slots[slotOf(key)]?.[0] ?? '') : '';
}
