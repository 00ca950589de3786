import type { Database, Key } from 'lmdb';
import type { Engine } from './engine';

/** How many records one commit looks through; other operations get their turn between two commits. */
const CHUNK = 500;

/**
 * Goes through a whole table, one commit for each chunk of it. `visit` may write; what it returns, unless undefined, is
 * yielded once that commit is on disk.
 */
export async function* sweep<V, K extends Key, T>(
  engine: Engine,
  table: Database<V, K>,
  visit: (key: K, value: V) => T | undefined,
): AsyncGenerator<readonly T[]> {
  let start: K | undefined;
  do {
    const from = start;
    const { results, next } = await engine.forget(() => {
      const chunk = [...table.getRange({ ...(from !== undefined && { start: from }), limit: CHUNK + 1 })];
      const rest = chunk.length > CHUNK ? chunk.pop() : undefined;
      const results = chunk.map(({ key, value }) => visit(key, value)).filter((result) => result !== undefined);
      return { results, next: rest?.key };
    });
    yield results;
    start = next;
  } while (start !== undefined);
}

/** Removes every record for which `isDead` is true, by `remove` or simply. */
export async function removeDead<V, K extends Key>(
  engine: Engine,
  table: Database<V, K>,
  isDead: (value: V, key: K) => boolean,
  remove: (key: K, value: V) => void = (key) => table.remove(key),
): Promise<void> {
  const visit = (key: K, value: V): undefined => {
    if (isDead(value, key)) remove(key, value);
  };
  for await (const _ of sweep(engine, table, visit));
}
