import { appendFile, fstatSync } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
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
    if (path === '-') {
      // The write that failed tells of it.
      process.stdout.on('error', () => {});
      return new Target(path, undefined);
    }
    if (await isThere(path)) throw cannotBeWritten(path, 'it is there already');
    try {
      // Nobody's file, and nothing that a link leads to.
      return new Target(path, await open(unfinished(path), 'wx', 0o600));
    } catch (cause) {
      throw cannotBeWritten(unfinished(path), whyOf(cause), cause);
    }
  }

  async write(text: string): Promise<void> {
    this.#waiting += text;
    if (this.#waiting.length >= PIECE_CHARACTERS) await this.#flush();
  }

  async finish(): Promise<void> {
    await this.#flush();
    const file = this.#file;
    if (file === undefined) return;
    await this.#whole(() => file.sync());
    // Some file systems tell only here that there was no room.
    await this.#whole(() => file.close());
    await moveTo(this.#path);
  }

  /** An export that failed leaves no file. */
  async drop(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close().catch(() => {});
    await rm(unfinished(this.#path), { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = '';
    const file = this.#file;
    // Unlike `write`, it goes on where less was written than it was given.
    await this.#whole(() => (file === undefined ? toStandardOutput(text) : file.appendFile(text)));
  }

  async #whole(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (cause) {
      throw new OperatorError(
        'EXPORT_CUT_OFF',
        `The export to ${this.#path === '-' ? 'standard output' : this.#path} was cut off: ${whyOf(cause)}.`,
        'Export again, and see that there is room for all of it.',
        { cause },
      );
    }
  }
}

function toStandardOutput(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const written = (error?: Error | null) => (error ? reject(error) : resolve());
    // To a file, Node's stream writes once and does not look how much was taken.
    if (fstatSync(1).isFile()) appendFile(1, text, written);
    else process.stdout.write(text, written);
  });
}

/** FAT and some network shares know no links. */
const NO_LINKS: readonly unknown[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP'];

/** Unlike renaming, a link refuses to replace what came meanwhile. */
async function moveTo(path: string): Promise<void> {
  try {
    await link(unfinished(path), path);
    await rm(unfinished(path));
  } catch (cause) {
    if (!NO_LINKS.includes(errnoOf(cause)) || (await isThere(path))) throw cannotBeWritten(path, whyOf(cause), cause);
    await rename(unfinished(path), path);
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function whyOf(cause: unknown): string {
  return errnoOf(cause) === 'EEXIST' ? 'it is there already' : (errnoOf(cause) ?? 'unknown');
}

function cannotBeWritten(path: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'EXPORT_FILE',
    `The file ${path} cannot be written: ${why}.`,
    'Name one that does not exist yet, in a folder in which this user may write, or remove what an export left that was cut off.',
    { cause },
  );
}

function unfinished(path: string): string {
  return `${path}.unfinished`;
}
