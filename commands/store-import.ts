import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { errnoOf, OperatorError } from '../core/errors';
import { systemRandom } from '../runtime/random';
import { type Contents, importRecords } from '../store/move/export-file';
import type { Movable, MovedRecord } from '../store/move/records';
import { openMovable } from '../store/open';
import { configOfProduct } from './ask-product';
import type { StoreOptions } from './store-export';
import { Progress } from './store-progress';

/** So many records are written at a time. */
const BATCH = 500;

/**
 * `stadtfunk store import FILE`: fills an empty store with what an export holds. A file is read to its end before anything
 * is written. @returns the exit code
 */
export async function storeImport(file: string, { config }: StoreOptions): Promise<number> {
  const store = await openMovable(configOfProduct(config), systemRandom, false);
  try {
    await store.assertAtRest();
    const records = () => importRecords(linesOf(file), keyOf(store), () => {});
    if (file !== '-') await drain(records());
    const read = records();
    // With its first line, which says whether it is one for this store.
    const first = await read.next();
    await store.beginFilling();
    await assertStillAtRest(store);
    const progress = new Progress('imported');
    const contents = await fill(store, first, read, progress);
    await store.assertAtRest(true);
    await store.endFilling();
    progress.end(contents);
    return 0;
  } finally {
    await store.close();
  }
}

/** Who was started before the store was marked goes on with it as it was. From now on it opens for nobody. */
async function assertStillAtRest(store: Movable): Promise<void> {
  try {
    await store.assertAtRest(true);
  } catch (error) {
    await store.endFilling();
    throw error;
  }
}

async function fill(
  store: Movable,
  first: IteratorResult<MovedRecord, Contents>,
  records: AsyncGenerator<MovedRecord, Contents>,
  progress: Progress,
): Promise<Contents> {
  let batch: MovedRecord[] = [];
  let total = 0;
  const put = async () => {
    await store.put(batch);
    total += batch.length;
    progress.note(total);
    batch = [];
  };
  for (let step = first; ; step = await records.next()) {
    if (step.done === true) {
      await put();
      return step.value;
    }
    batch.push(step.value);
    if (batch.length === BATCH) await put();
  }
}

async function drain(records: AsyncGenerator<MovedRecord, Contents>): Promise<void> {
  for await (const _ of records);
}

function keyOf(store: Movable): (check: string) => void {
  return (check) => {
    try {
      store.checkKey(check);
    } catch (cause) {
      throw new OperatorError(
        'IMPORT_KEY',
        'The export was written under another "key" than the configuration has.',
        'Put the key of the former configuration into this one: devices and credentials cannot be known again without it.',
        { cause },
      );
    }
  };
}

/** Far longer than any record. */
const MOST_CHARACTERS = 2 ** 20;

async function* linesOf(file: string): AsyncGenerator<string> {
  const input: Readable = file === '-' ? process.stdin : createReadStream(file);
  input.setEncoding('utf8');
  let rest = '';
  try {
    for await (const text of input) {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > MOST_CHARACTERS) break;
    }
  } catch (cause) {
    if (errnoOf(cause) === undefined || cause instanceof OperatorError) throw cause;
    const what = `The file ${file} cannot be read: ${errnoOf(cause)}.`;
    throw new OperatorError('IMPORT_FILE', what, 'Name an export of a store.', { cause });
  }
  if (rest !== '') yield rest;
}
