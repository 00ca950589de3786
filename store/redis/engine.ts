import { Cluster, type Redis } from 'ioredis';
import { OperatorError } from '../../core/errors';
import { pause, systemClock } from '../../runtime/clock';
import { type Change, callOf } from './change';
import { CommitQueue } from './commit-queue';
import { type Credit, CreditQueue } from './credit-queue';
import type { Durability } from './durability';
import { isMoving, lacksScript, redisFault, storeClosed } from './faults';
import { GrantWatch } from './grant-watch';
import type { ScriptCall } from './group-queue';
import { type Keys, tagOf, type Value } from './keys';
import { COMMIT, CREDIT, type Script } from './scripts';

export type Client = Redis | Cluster;

/** Somebody else changed what the operation had read. */
export const CHANGED = Symbol('changed');

/** One that loses against others so often does not lose by chance. */
const MOST_ATTEMPTS = 200;
/** While a replica takes over, the servers of a cluster disagree for a second or two about who has its slots. */
const MOST_MOVES = 25;
const MOVE_PAUSE_MS = 100;

/** How the operations reach Redis. */
export class Engine {
  readonly keys: Keys;
  /** Keys of which it gives the same may go in one call. */
  readonly groupOf: (key: string) => string;
  readonly #redis: Client;
  readonly #durability: Durability;
  readonly #commits: CommitQueue;
  readonly #credits: CreditQueue;
  readonly #watch: GrantWatch;
  readonly #underWay = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(redis: Client, keys: Keys, durability: Durability) {
    this.#redis = redis;
    this.keys = keys;
    this.#durability = durability;
    this.groupOf = redis instanceof Cluster ? tagOf : () => '';
    const { groupOf } = this;
    const channel = keys.grantChanges();
    const calling = (script: Script): ScriptCall => {
      return { channel, groupOf, send: (names, values) => this.run(script, names, values) };
    };
    this.#commits = new CommitQueue(calling(COMMIT));
    this.#credits = new CreditQueue(calling(CREDIT));
    this.#watch = new GrantWatch(redis, keys);
  }

  /** Which grants are as they were found. */
  get grants(): GrantWatch {
    return this.#watch;
  }

  /**
   * Runs an operation of the contract from its beginning to its end; closing waits for it.
   * @throws OperatorError STORE_CLOSED, or what is wrong with Redis in one sentence
   */
  async operation<T>(run: (redis: Client) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw storeClosed();
    const running = this.#whileMoving(this.keys.town('meta'), () => run(this.#redis));
    this.waitFor(running);
    try {
      return await running;
    } catch (error) {
      throw redisFault(error);
    }
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Closing waits for it. */
  waitFor(running: Promise<unknown>): void {
    this.#underWay.add(running);
    const ended = () => this.#underWay.delete(running);
    running.then(ended, ended);
  }

  /** Reads, decides and writes again and again until nothing came between. */
  async decide<T>(attempt: () => Promise<T | typeof CHANGED>): Promise<T> {
    for (let left = MOST_ATTEMPTS; left > 0; left--) {
      const result = await attempt();
      if (result !== CHANGED) return result;
    }
    throw new OperatorError(
      'STORE_BUSY',
      'Too many change the same record of the store at the same time.',
      'Try again; if it stays so, report it.',
    );
  }

  /** @returns whether the change was made; durable then */
  async commit(change: Change): Promise<boolean> {
    const isDone = await this.#commits.commit(change);
    for (const id of change.grants) this.#watch.changed(id);
    return isDone;
  }

  /** Adds what a session owes to its grant; once, however often. Durable when it resolves. */
  async credit(credit: Credit): Promise<void> {
    await this.#credits.add(credit);
    this.#watch.changed(credit.grantId);
  }

  /** A change that may be lost. */
  async commitFleeting(change: Change): Promise<boolean> {
    const { keys, values } = callOf([change], this.keys.grantChanges());
    return (await this.runFleeting(COMMIT, keys, values)) === '1';
  }

  /** Runs a script; what it wrote is durable when it resolves. */
  run(script: Script, keys: readonly string[], values: readonly Value[]): Promise<unknown> {
    return this.#whileMoving(keys[0] ?? '', () =>
      this.#durability.confirmed(this.#redis, script, [...keys], [...values]),
    );
  }

  /** The same for what may be lost. */
  runFleeting(script: Script, keys: readonly string[], values: readonly Value[]): Promise<unknown> {
    return this.#whileMoving(keys[0] ?? '', () =>
      this.#redis
        .evalsha(script.sha, keys.length, ...keys, ...values)
        .catch((error: unknown) =>
          lacksScript(error) ? this.#redis.eval(script.source, keys.length, ...keys, ...values) : Promise.reject(error),
        ),
    );
  }

  /** Waits until every operation under way has ended, then closes the connections. */
  close(): Promise<void> {
    this.#watch.close();
    this.#closing ??= Promise.allSettled(this.#underWay).then(() => this.#redis.disconnect());
    return this.#closing;
  }

  /**
   * A command in a pipeline is not led to the new place of its slot. It was not carried out, so it may be sent again; and
   * so may an operation one of whose readings met with that, because each of its steps may be done again.
   */
  async #whileMoving<T>(key: string, send: () => Promise<T>): Promise<T> {
    for (let moves = 0; ; moves++) {
      try {
        return await send();
      } catch (error) {
        if (moves === MOST_MOVES || !isMoving(error)) throw error;
        // A command that goes alone is led there, and the client learns the new place.
        await this.#redis.pipeline().exists(key).exec();
        await pause(systemClock, MOVE_PAUSE_MS);
      }
    }
  }
}
