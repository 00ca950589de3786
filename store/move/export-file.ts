import { createHash, type Hash } from 'node:crypto';
import { z } from 'zod';
import { OperatorError } from '../../core/errors';
import { type MovedRecord, movedRecord } from './records';

/** Raise it when a record changes its form; a newer file is refused. */
export const FORMAT = 1;

const header = z.looseObject({ stadtfunk: z.literal('store'), format: z.int() });
const headerOfFormat = z.strictObject({
  stadtfunk: z.literal('store'),
  format: z.literal(FORMAT),
  keyCheck: z.base64(),
});
const trailer = z.strictObject({
  end: z.literal(true),
  records: z.record(z.string(), z.int()),
  sha256: z.string(),
  content: z.string(),
});

/** What a file holds, as its last line says it. */
export type Contents = Omit<z.output<typeof trailer>, 'end'>;

/**
 * What is told of the lines so far: how many of each class, the SHA-256 of the file up to here, and of its content,
 * whatever its order: the sum of the lines' SHA-256, so that what two stores hold can be compared.
 */
class Reckoning {
  readonly #file: Hash = createHash('sha256');
  readonly #records = new Map<string, number>();
  #content = 0n;
  total = 0;

  line(text: string): void {
    this.#file.update(`${text}\n`);
  }

  record(of: string, text: string): void {
    this.line(text);
    this.total += 1;
    this.#records.set(of, (this.#records.get(of) ?? 0) + 1);
    const own = BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
    this.#content = (this.#content + own) % 2n ** 256n;
  }

  contents(): Contents {
    const records = Object.fromEntries([...this.#records].sort(([a], [b]) => (a < b ? -1 : 1)));
    const content = this.#content.toString(16).padStart(64, '0');
    return { records, sha256: this.#file.digest('hex'), content };
  }
}

/** The lines of a file, each without its end. @param noted  hears how many records there are so far */
export async function* exportLines(
  keyCheck: string,
  records: AsyncIterable<MovedRecord>,
  noted: (total: number) => void,
): AsyncGenerator<string, Contents> {
  const reckoning = new Reckoning();
  const head = JSON.stringify({ stadtfunk: 'store', format: FORMAT, keyCheck });
  reckoning.line(head);
  yield head;
  for await (const record of records) {
    const text = JSON.stringify(sorted(record));
    reckoning.record(record.of, text);
    noted(reckoning.total);
    yield text;
  }
  const contents = reckoning.contents();
  yield JSON.stringify({ end: true, ...contents });
  return contents;
}

/**
 * Reads such lines.
 * @param checkKey  throws if the records lie under another key
 * @throws OperatorError IMPORT_FOREIGN, IMPORT_NEWER, IMPORT_DAMAGED, IMPORT_CUT_OFF
 */
export async function* importRecords(
  lines: AsyncIterable<string>,
  checkKey: (check: string) => void,
  noted: (total: number) => void,
): AsyncGenerator<MovedRecord, Contents> {
  const reckoning = new Reckoning();
  let isFirst = true;
  let end: z.output<typeof trailer> | undefined;
  for await (const line of lines) {
    if (end !== undefined) throw damaged(reckoning.total);
    if (isFirst) {
      checkKey(readHeader(line));
      reckoning.line(line);
      isFirst = false;
      continue;
    }
    const value = parsed(line);
    const last = trailer.safeParse(value);
    if (last.success) {
      end = last.data;
      continue;
    }
    const record = movedRecord.safeParse(value);
    if (!record.success) throw value === undefined ? cutOff(reckoning.total) : damaged(reckoning.total);
    reckoning.record(record.data.of, line);
    noted(reckoning.total);
    yield record.data;
  }
  if (isFirst) throw foreign();
  if (end === undefined) throw cutOff(reckoning.total);
  const contents = reckoning.contents();
  if (contents.sha256 !== end.sha256 || contents.content !== end.content) throw damaged(reckoning.total);
  return contents;
}

/** @returns its key check */
function readHeader(line: string): string {
  const value = parsed(line);
  const known = header.safeParse(value);
  if (!known.success) throw foreign();
  const { format } = known.data;
  if (format !== FORMAT) {
    throw new OperatorError(
      'IMPORT_NEWER',
      `The export has format ${format}; this version of the product reads format ${FORMAT}.`,
      'Import it with the version that wrote it or a later one.',
    );
  }
  const own = headerOfFormat.safeParse(value);
  if (!own.success) throw foreign();
  return own.data.keyCheck;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function foreign(): OperatorError {
  return new OperatorError(
    'IMPORT_FOREIGN',
    'This is no export of a store.',
    'Give what "stadtfunk store export" wrote.',
  );
}

function cutOff(records: number): OperatorError {
  return new OperatorError('IMPORT_CUT_OFF', `The export ends after ${records} records, before its last line.`, AGAIN);
}

function damaged(records: number): OperatorError {
  return new OperatorError(
    'IMPORT_DAMAGED',
    `The export was changed: its checksum is wrong, or what comes after ${records} records.`,
    AGAIN,
  );
}

const AGAIN = 'Export again, and see that the whole file arrives.';

/** The same text for the same record, whichever driver tells of it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, one]) => [name, sorted(one)]),
  );
}
