import type { Value } from './keys';

/**
 * One atomic change within one slot: what has to be as it was read, and what is written if so. All of it is one call of
 * the script below. Whoever decided on something that has changed meanwhile reads and decides anew; so the rules stay in
 * TypeScript, the same for every driver, and Redis only compares and writes.
 */
export class Change {
  readonly #keys: string[] = [];
  readonly #checks: Value[] = [];
  #checkCount = 0;
  readonly #writes: Value[] = [];

  /** A field of a hash has to be this; null: has to be missing. */
  expect(key: string, field: Value, found: string | Buffer | null): this {
    return this.#expect('HGET', key, field, found);
  }

  /** The score of a member of a sorted set has to be this; null: it has to be missing. */
  expectScore(key: string, member: Value, found: string | null): this {
    return this.#expect('ZSCORE', key, member, found);
  }

  /** A command whose first argument is a key of this slot. */
  write(command: string, key: string, ...values: readonly Value[]): this {
    this.#writes.push(command, this.#place(key), values.length, ...values);
    return this;
  }

  /** What EVALSHA takes after the name of the script. */
  call(): { readonly keys: readonly string[]; readonly values: readonly Value[] } {
    return { keys: this.#keys, values: [this.#checkCount, ...this.#checks, ...this.#writes] };
  }

  #expect(command: string, key: string, field: Value, found: string | Buffer | null): this {
    this.#checks.push(command, this.#place(key), field, found === null ? 0 : 1, found ?? '');
    this.#checkCount += 1;
    return this;
  }

  /** Keys are named once, by their number. */
  #place(key: string): number {
    const known = this.#keys.indexOf(key);
    return known >= 0 ? known + 1 : this.#keys.push(key);
  }
}
