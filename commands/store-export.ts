import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { errnoOf, OperatorError } from '../core/errors';
import { systemRandom } from '../runtime/random';
import { exportLines } from '../store/move/export-file';
import { openMovable } from '../store/open';
import { configOfProduct } from './ask-product';
import { Progress } from './store-progress';

export interface StoreOptions {
  readonly config: string;
}

/** So much is written at a time. */
const PIECE_CHARACTERS = 65_536;

/** `stadtfunk store export FILE`: everything that is kept, while the product rests. @returns the exit code */
export async function storeExport(file: string, { config }: StoreOptions): Promise<number> {
  const store = await openMovable(configOfProduct(config), systemRandom, true);
  try {
    await store.assertAtRest();
    const target = await Target.open(file);
    try {
      const progress = new Progress('exported');
      const lines = exportLines(store.keyCheck(), store.records(), (total) => progress.note(total));
      let step = await lines.next();
      for (; step.done !== true; step = await lines.next()) await target.write(`${step.value}\n`);
      // Who was started meanwhile has changed what was read before.
      await store.assertAtRest();
      await target.finish();
      progress.end(step.value);
      return 0;
    } catch (error) {
      await target.drop();
      throw error;
    }
  } finally {
    await store.close();
  }
}

/** Where an export goes: standard output, or a file that only its owner may read and that is there when it is whole. */
class Target {
  readonly #path: string;
  readonly #file: FileHandle | undefined;
  #waiting = '';

  private constructor(path: string, file: FileHandle | undefined) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<Target> {
    if (path === '-') return new Target(path, undefined);
    try {
      const there = await open(path, 'wx', 0o600);
      await there.close();
      return new Target(path, await open(unfinished(path), 'w', 0o600));
    } catch (cause) {
      const why = errnoOf(cause) === 'EEXIST' ? 'it is there already' : (errnoOf(cause) ?? 'unknown');
      throw new OperatorError(
        'EXPORT_FILE',
        `The file ${path} cannot be written: ${why}.`,
        'Name one that does not exist yet, in a folder in which this user may write.',
        { cause },
      );
    }
  }

  async write(text: string): Promise<void> {
    this.#waiting += text;
    if (this.#waiting.length >= PIECE_CHARACTERS) await this.#flush();
  }

  async finish(): Promise<void> {
    await this.#flush();
    if (this.#file === undefined) return;
    await this.#file.sync();
    await this.#file.close();
    await rename(unfinished(this.#path), this.#path);
  }

  /** An export that failed leaves no file. */
  async drop(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close();
    for (const path of [unfinished(this.#path), this.#path]) await rm(path, { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = '';
    if (this.#file !== undefined) {
      await this.#file.write(text);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }
}

function unfinished(path: string): string {
  return `${path}.unfinished`;
}
