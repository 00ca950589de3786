import { constants } from 'node:fs';
import { access, chmod, mkdir, stat } from 'node:fs/promises';
import { errnoOf, OperatorError } from '../../core/errors';
import { hasRoom, openFault, storeFull } from './faults';

/**
 * Makes the store's folder if it is missing and sees that only its owner may look inside.
 * @throws OperatorError in one sentence if it cannot be used
 */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw cannotCreate(folder, cause);
  }
  try {
    if (((await stat(folder)).mode & 0o077) !== 0) await chmod(folder, 0o700);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw openFault(error, folder) ?? error;
  }
  if (!hasRoom(folder)) throw storeFull(folder);
}

function cannotCreate(folder: string, cause: unknown): OperatorError {
  const errno = errnoOf(cause) ?? 'unknown';
  if (errno === 'EEXIST') {
    return new OperatorError(
      'STORE_NOT_A_FOLDER',
      `The store’s path ${folder} is a file, not a folder.`,
      'Name a folder in store.path, or move the file away.',
      { cause },
    );
  }
  const why: Record<string, string> = {
    EACCES: 'this user may not write in the folder above it',
    EPERM: 'this user may not write in the folder above it',
    EROFS: 'the disk is mounted read-only',
    ENOTDIR: 'a part of its path is a file',
    ENOSPC: 'the disk is full',
  };
  return new OperatorError(
    'STORE_FOLDER_FAILED',
    `The store’s folder ${folder} cannot be made: ${why[errno] ?? errno}.`,
    'Make it and give it to the user the product runs as, or name another in store.path.',
    { cause },
  );
}
