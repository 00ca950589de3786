import { closeSync, openSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { errnoOf, OperatorError } from '../../core/errors';
import type { Random } from '../../runtime/random';

const ENDING = '.lock';

/**
 * Makes this process the only one that uses the folder. It listens on a socket file of its own, then asks at every other
 * one in the folder whether somebody listens there. Whoever comes second finds the first; two that come at the very same
 * time find one another, and both give way. The system itself closes the socket of a process that dies, however it dies,
 * so nothing has to be cleaned up by hand; and unlike a process id, a socket means the same in every container.
 */
export class Claim {
  readonly #folder: string;
  readonly #server: Server = createServer((socket) => socket.destroy());
  readonly #name: string;
  /** Socket paths have room for about 100 characters; through the open folder every path is short (Linux only). */
  readonly #descriptor: number | undefined;

  private constructor(folder: string, random: Random) {
    this.#folder = folder;
    this.#name = `${random.word()}${ENDING}`;
    this.#descriptor = process.platform === 'linux' ? openSync(folder, 'r') : undefined;
  }

  /** @throws OperatorError STORE_IN_USE if another process, or this one, has the folder open */
  static async take(folder: string, random: Random): Promise<Claim> {
    const claim = new Claim(folder, random);
    try {
      await claim.#listen();
      await claim.#askOthers();
      return claim;
    } catch (error) {
      await claim.release();
      throw error;
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

  async #askOthers(): Promise<void> {
    const others = (await readdir(this.#folder)).filter((name) => name.endsWith(ENDING) && name !== this.#name);
    for (const name of others) {
      if (await this.#answers(name)) {
        throw new OperatorError(
          'STORE_IN_USE',
          `Another process has the store’s folder ${this.#folder} open.`,
          'Stop it first, or give each its own folder in store.path.',
        );
      }
      await rm(join(this.#folder, name), { force: true });
    }
  }
}
