import { closeSync, openSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { errnoOf, OperatorError } from '../../core/errors';
import type { Random } from '../../runtime/random';
import type { Tables } from './tables';

const ENDING = '.lock';

/**
 * Makes this process the only one that uses the folder. It listens on a socket file of its own and enters that file's
 * name in the store; a process that finds another name there asks whether somebody still listens. The system itself
 * closes the socket of a process that dies, however it dies, so nothing has to be cleaned up by hand; and unlike a
 * process id, a socket means the same in every container that shares the folder.
 */
export class Claim {
  readonly #folder: string;
  readonly #server: Server = createServer((socket) => socket.destroy());
  readonly #name: string;
  /** Socket paths have room for about 100 characters; through the open folder every path is short (Linux only). */
  readonly #descriptor: number | undefined;

  constructor(folder: string, random: Random) {
    this.#folder = folder;
    this.#name = `${random.word()}${ENDING}`;
    this.#descriptor = process.platform === 'linux' ? openSync(folder, 'r') : undefined;
  }

  /** @throws OperatorError STORE_IN_USE if another process, or this one, has the folder open */
  async take({ root, meta }: Pick<Tables, 'root' | 'meta'>): Promise<void> {
    await this.#listen();
    for (;;) {
      const holder = meta.get('holder');
      if (typeof holder === 'string' && (await this.#answers(holder))) {
        throw new OperatorError(
          'STORE_IN_USE',
          `Another process has the store’s folder ${this.#folder} open.`,
          'Stop it first, or give each its own folder in store.path.',
        );
      }
      // Two may find a dead holder at the same time; one of them enters its name, the other looks again.
      const entered = await root.transaction(() => {
        if (meta.get('holder') !== holder) return false;
        meta.put('holder', this.#name);
        return true;
      });
      if (entered) return this.#removeLeftovers();
    }
  }

  async release(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  #path(name: string): string {
    return this.#descriptor === undefined ? join(this.#folder, name) : `/proc/self/fd/${this.#descriptor}/${name}`;
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(
          new OperatorError(
            'STORE_LOCK_FAILED',
            `No socket file can be made in the store’s folder ${this.#folder}: ${errnoOf(cause) ?? cause.message}.`,
            'Put the folder on a local file system.',
            { cause },
          ),
        ),
      );
      this.#server.listen(this.#path(this.#name), resolve);
      this.#server.unref();
    });
  }

  #answers(name: string): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.#path(name));
      const tell = (alive: boolean) => {
        socket.destroy();
        resolve(alive);
      };
      socket.once('connect', () => tell(true));
      socket.once('error', (error) => tell(!['ENOENT', 'ECONNREFUSED'].includes(errnoOf(error) ?? '')));
    });
  }

  async #removeLeftovers(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(ENDING) && name !== this.#name);
    await Promise.all(names.map((name) => rm(join(this.#folder, name), { force: true })));
  }
}
