import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoOf } from '../core/errors';
import type { ReadSecret } from './fields';

/** How a person makes a secret. Hexadecimal digits need no quoting in any gateway's configuration. */
export const MAKE_SHARED_SECRET = 'openssl rand -hex 16';
export const MAKE_KEY = 'openssl rand -hex 32';

const WHY: Readonly<Record<string, string>> = { EACCES: 'this user may not', EISDIR: 'it is a folder' };

/** Reads secrets from files, whose relative paths start at `folder`, and from the process's environment. */
export function secretReader(folder: string): ReadSecret {
  return (source) => {
    if ('env' in source) {
      const text = process.env[source.env];
      if (text === undefined) return { ok: false, why: 'secret-variable-unset', words: { name: source.env } };
      return { ok: true, text };
    }
    const file = resolve(folder, source.file);
    try {
      return { ok: true, text: readFileSync(file, 'utf8') };
    } catch (error) {
      const code = errnoOf(error) ?? String(error);
      if (code === 'ENOENT') return { ok: false, why: 'secret-file-missing', words: { file, make: MAKE_KEY } };
      return { ok: false, why: 'secret-file-unreadable', words: { file, why: WHY[code] ?? code } };
    }
  };
}
