import type { Database, Key } from 'lmdb';
import { turnOfOthers } from '../../runtime/turn';
import type { Engine } from './engine';

/** How many records are read before others get their turn. */
const CHUNK = 500;

/** Reads a whole table, in pieces; what is written meanwhile may or may not be among them. */
export async function* chunks<V, K extends Key>(
  engine: Engine,
  table: Database<V, K>,
): AsyncGenerator<readonly { key: K; value: V }[]> {
  let start: K | undefined;
  do {
    const from = start;
    const chunk = await engine.read(() => [
      ...table.getRange({ ...(from !== undefined && { start: from }), limit: CHUNK + 1 }),
    ]);
    start = chunk.length > CHUNK ? chunk.pop()?.key : undefined;
    yield chunk;
    await turnOfOthers();
  } while (start !== undefined);
}
