import { constants } from 'node:fs';
import { access, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors';
import { storeForeign } from './faults';

/** Of LMDB's meta page (mdb.c, MDB_meta) on 64-bit little-endian machines: where each field begins. */
const AT = { flags: 18, magic: 24, pageSize: 48, lastPage: 144, transaction: 152 } as const;
const META_OCTETS = 168;
const IS_META = 0x08;
const MAGIC = 0xbeefc0de;

/**
 * Looks at the files before LMDB does, because lmdb-js ends the process when it cannot open them, and so does reading
 * beyond the end of a file that was cut short: that is made up with zeroes, which LMDB reports as damage.
 * @throws OperatorError STORE_FOREIGN; an error of Node.js if a file may not be opened
 */
export async function checkHead(folder: string): Promise<void> {
  await access(join(folder, 'lock.mdb'), constants.R_OK | constants.W_OK).catch(unlessMissing);
  const file = await open(join(folder, 'data.mdb'), 'r+').catch(unlessMissing);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    if (size === 0) return;
    const first = await readMeta(file, 0);
    const second = first && (await readMeta(file, first.pageSize));
    if (first === undefined || second === undefined) throw storeForeign(folder);
    const { lastPage } = first.transaction > second.transaction ? first : second;
    const needed = (lastPage + 1) * first.pageSize;
    if (size < needed) await file.truncate(needed);
  } finally {
    await file.close();
  }
}

function unlessMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
}

async function readMeta(file: FileHandle, at: number) {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(META_OCTETS), 0, META_OCTETS, at);
  const isMeta = bytesRead === META_OCTETS && (buffer.readUInt16LE(AT.flags) & IS_META) !== 0;
  if (!isMeta || buffer.readUInt32LE(AT.magic) !== MAGIC) return undefined;
  return {
    pageSize: buffer.readUInt32LE(AT.pageSize),
    lastPage: Number(buffer.readBigUInt64LE(AT.lastPage)),
    transaction: Number(buffer.readBigUInt64LE(AT.transaction)),
  };
}
