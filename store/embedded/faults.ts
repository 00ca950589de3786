import { statfsSync } from 'node:fs';
import { errnoOf, OperatorError } from '../../core/errors';

/** Below this much free space the disk counts as full: one more commit might not fit. */
const RESERVE_OCTETS = 4 * 2 ** 20;

export function hasRoom(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= RESERVE_OCTETS;
}

export function storeFull(folder: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'STORE_FULL',
    `The disk that holds the store’s folder ${folder} is full.`,
    'Free some space there; the store goes on by itself.',
    { cause },
  );
}

export function storeClosed(): OperatorError {
  return new OperatorError('STORE_CLOSED', 'The store is closed.', 'Start the product again.');
}

/** Return codes of LMDB (lmdb.h) that mean: the file is not what it was when we wrote it. */
const DAMAGED = new Set([-30797, -30796, -30793, -30786, -30779]);
/** LMDB cannot read the file at all: it is none of its own, or of another format. */
const FOREIGN = new Set([-30794, -30793]);
const EIO = 5;
const ENOSPC = 28;

/**
 * Says in one sentence what went wrong in the files and what to do. An error of our own passes unchanged, and so does
 * a mistake in our code, which no operator can mend.
 */
export async function storeFault(error: unknown, folder: string): Promise<unknown> {
  const cause = await causeOf(error);
  const code = lmdbCodeOf(cause);
  if (['ENOSPC', 'EDQUOT'].includes(errnoOf(cause) ?? '')) return storeFull(folder, cause);
  if (code === undefined) return cause;
  // LMDB reports a write that was cut short as EIO; what cut it short is nearly always the missing space.
  if (code === ENOSPC || (code === EIO && !hasRoom(folder))) return storeFull(folder, cause);
  if (DAMAGED.has(code)) return storeDamaged(folder, cause);
  const text = cause instanceof Error ? cause.message : String(cause);
  return new OperatorError(
    'STORE_FAILED',
    `The store in ${folder} cannot be read or written: ${text}.`,
    'Look at the disk and the system’s log.',
    { cause },
  );
}

/** The same while opening, when a file that is not ours is more likely than a damaged one. */
export function openFault(error: unknown, folder: string): unknown {
  const code = lmdbCodeOf(error);
  const errno = errnoOf(error);
  if (code !== undefined && FOREIGN.has(code)) return storeForeign(folder, error);
  if (code === 13 || code === 30 || errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS') {
    return new OperatorError(
      'STORE_NOT_WRITABLE',
      `This user may not write in the store’s folder ${folder}.`,
      'Give the folder to the user the product runs as (chown), or name another in store.path.',
      { cause: error },
    );
  }
  return undefined;
}

export function storeForeign(folder: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'STORE_FOREIGN',
    `The file data.mdb in ${folder} is damaged or was not written by this product.`,
    'Restore the folder from a backup, or name another folder in store.path.',
    { cause },
  );
}

export function storeDamaged(folder: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'STORE_DAMAGED',
    `The files of the store in ${folder} are damaged.`,
    'Restore the folder from a backup, or move it away to start anew.',
    { cause },
  );
}

/** What a failed commit hides behind "Commit failed (see commitError for details)". */
async function causeOf(error: unknown): Promise<unknown> {
  if (typeof error !== 'object' || error === null || !('commitError' in error)) return error;
  return Promise.resolve(error.commitError).then(
    () => error,
    (cause: unknown) => cause,
  );
}

/** lmdb-js gives its errors a numeric `code`: one of LMDB's own, or an errno. */
function lmdbCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}
