import type { GrantId } from '../../core/ids';
import type { Millis } from '../../core/time';
import type { HourTable, Value } from './keys';

/**
 * One atomic change within one slot: what has to be as it was read, and what is written if so. Whoever decided on
 * something that has changed meanwhile reads and decides anew; so the rules stay in TypeScript, the same for every driver,
 * and Redis only compares and writes (the script COMMIT).
 */
export class Change {
  /** Any of its keys. */
  anyKey = '';
  readonly #checks: Check[] = [];
  readonly #writes: Write[] = [];
  readonly #grants: GrantId[] = [];

  /** A field of a hash has to be this; null: has to be missing. */
  expect(key: string, field: Value, found: string | Buffer | null): this {
    return this.#expect({ command: 'HGET', key, field, found });
  }

  /** The score of a member of a sorted set has to be this; null: it has to be missing. */
  expectScore(key: string, member: Value, found: string | null): this {
    return this.#expect({ command: 'ZSCORE', key, field: member, found });
  }

  /** A command whose first argument is a key of this slot. */
  write(command: string, key: string, ...values: readonly Value[]): this {
    this.anyKey = key;
    this.#writes.push({ command, keys: [key], values });
    return this;
  }

  /** Adds to the numbers of an entry of an hour. They are added up first where many changes go together. */
  count(
    table: HourTable,
    name: string,
    hour: Millis,
    amounts: readonly (readonly [what: string, amount: number])[],
  ): this {
    this.anyKey = table.counts;
    const values = [name, hour, ...amounts.flat()];
    this.#writes.push({ command: COUNT, keys: [table.counts, table.names, table.hours], values });
    return this;
  }

  /** Tells every process that this grant is not as it was. */
  tell(grant: GrantId): this {
    this.#grants.push(grant);
    return this;
  }

  /** The grants that are not as they were once this is done. */
  get grants(): readonly GrantId[] {
    return this.#grants;
  }

  /** About how much Redis is sent for it. */
  get size(): number {
    return this.#writes.reduce((sum, { values }) => sum + values.length, this.#checks.length);
  }

  /** Puts it behind others in one call of COMMIT. */
  appendTo(call: Call): void {
    call.list.push(this.#checks.length);
    for (const { command, key, field, found } of this.#checks) {
      call.list.push(command, call.place(key));
      call.add(field);
      call.list.push(found === null ? 0 : 1);
      call.add(found ?? '');
    }
    const lengthAt = call.list.push(0);
    for (const { command, keys, values } of this.#writes) {
      const [key = '', ...others] = keys;
      call.list.push(command, call.place(key), others.length + values.length);
      for (const other of others) call.list.push(call.place(other));
      for (const value of values) call.add(value);
    }
    for (const grant of this.#grants) call.list.push(TELL, 0, 1, grant);
    call.list[lengthAt - 1] = call.list.length - lengthAt;
  }

  #expect(check: Check): this {
    this.anyKey = check.key;
    this.#checks.push(check);
    return this;
  }
}

/** What the script knows besides the commands of Redis. */
const COUNT = 'count';
const TELL = 'tell';

interface Check {
  readonly command: 'HGET' | 'ZSCORE';
  readonly key: string;
  readonly field: Value;
  readonly found: string | Buffer | null;
}

interface Write {
  readonly command: string;
  readonly keys: readonly string[];
  readonly values: readonly Value[];
}

/** What is put together for one call. Texts go as one JSON list, which costs both sides less than so many arguments. */
class Call {
  readonly list: (string | number)[] = [];
  readonly octets: Buffer[] = [];
  /** Where in the list, from 1 on, each of the octets belongs. */
  readonly octetsAt: number[] = [];
  readonly #places = new Map<string, number>();

  place(key: string): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.#places.size + 1);
    return this.#places.size;
  }

  /** Numbers go as text: Lua would lose their last digits. */
  add(value: Value): void {
    const length = this.list.push(typeof value === 'object' ? '' : String(value));
    if (typeof value !== 'object') return;
    this.octets.push(value);
    this.octetsAt.push(length);
  }

  get keys(): string[] {
    return [...this.#places.keys()];
  }
}

/** What EVALSHA takes for these changes: each is done by itself, in this order, or not. */
export function callOf(changes: readonly Change[], channel: string): { keys: string[]; values: Value[] } {
  const call = new Call();
  for (const change of changes) change.appendTo(call);
  return { keys: call.keys, values: [channel, jsonOf(call.list), jsonOf(call.octetsAt), ...call.octets] };
}

/** Half a character, which no text of ours has, becomes the sign for one that cannot be shown, as on every way to Redis. */
function jsonOf(list: readonly (string | number)[]): string {
  const text = JSON.stringify(list);
  return text.includes('\\ud') ? text.replaceAll(HALF_A_CHARACTER, '\\ufffd') : text;
}

const HALF_A_CHARACTER = /(?<=(?<!\\)(?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;
