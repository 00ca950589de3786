import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../core/errors';
import type { SiteId } from '../../core/ids';
import type { KeyScope } from '../../core/pseudonym';
import type { KeyWrap, PseudonymKey } from '../pseudonyms';
import { storeFault } from './faults';

/** `2026-11-21.rathaus` */
const FILE_NAME = /^(?<day>\d{4}-\d\d-\d\d)\.(?<site>.+)$/;

interface HeldKey extends KeyScope {
  readonly key: PseudonymKey;
}

/**
 * The keys of pseudonyms: unwrapped in memory, wrapped in one small file each. They do not lie in LMDB because a page
 * that LMDB frees keeps its octets until it is used again; a file can be overwritten at once, and then the key is gone.
 */
export class Keyring {
  readonly #folder: string;
  readonly #wrap: KeyWrap;
  readonly #bySite = new Map<SiteId, HeldKey[]>();
  readonly #beingDrawn = new Map<string, Promise<PseudonymKey>>();

  /** @param folder  only keys lie in it */
  constructor(folder: string, wrap: KeyWrap) {
    this.#folder = folder;
    this.#wrap = wrap;
  }

  /** Reads all keys. @throws OperatorError if one of them is damaged */
  async load(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#folder)) {
      const { day, site } = FILE_NAME.exec(name)?.groups ?? {};
      // Anything else is a key whose drawing was cut off: nothing was made under it.
      if (day === undefined || site === undefined) await rm(join(this.#folder, name), { force: true });
      else this.#hold({ site, day, key: await this.#read({ site, day }) });
    }
  }

  /** The keys of a site, today's and those of days before that still live. */
  of(site: SiteId): readonly HeldKey[] {
    return this.#bySite.get(site) ?? [];
  }

  all(): readonly KeyScope[] {
    return [...this.#bySite.values()].flat();
  }

  /** The keys whose files lie there, whether or not they are in use. */
  async files(): Promise<readonly KeyScope[]> {
    return (await readdir(this.#folder)).flatMap((name) => {
      const { day, site } = FILE_NAME.exec(name)?.groups ?? {};
      return day === undefined || site === undefined ? [] : [{ site, day }];
    });
  }

  find({ site, day }: KeyScope): PseudonymKey | undefined {
    return this.of(site).find((held) => held.day === day)?.key;
  }

  /** The key of a site and day; drawn, and on disk, if there was none. */
  async need(scope: KeyScope): Promise<PseudonymKey> {
    const key = this.find(scope);
    if (key !== undefined) return key;
    const path = this.#path(scope);
    const drawn = this.#beingDrawn.get(path) ?? this.#draw(scope).finally(() => this.#beingDrawn.delete(path));
    this.#beingDrawn.set(path, drawn);
    return drawn;
  }

  /** A key as its file holds it. */
  wrapped(scope: KeyScope): Promise<Buffer> {
    return readFile(this.#path(scope));
  }

  /** Keeps a key that another store wrapped. @throws OperatorError if it was wrapped under another `key` */
  async take({ site, day }: KeyScope, wrapped: Buffer): Promise<void> {
    const key = this.#wrap.unwrap({ site, day }, wrapped);
    await this.#write({ site, day }, wrapped);
    this.#hold({ site, day, key });
  }

  /** Forgets keys at once, then overwrites and removes their files. */
  async destroy(scopes: readonly KeyScope[]): Promise<void> {
    for (const scope of scopes) this.#drop(scope);
    for (const scope of scopes) await eraseFile(this.#path(scope));
    if (scopes.length > 0) await syncFolder(this.#folder);
  }

  async #draw(scope: KeyScope): Promise<PseudonymKey> {
    const { key, wrapped } = this.#wrap.draw(scope);
    await this.#write(scope, wrapped);
    this.#hold({ ...scope, key });
    return key;
  }

  async #write(scope: KeyScope, wrapped: Buffer): Promise<void> {
    const unfinished = join(this.#folder, `unfinished.${scope.day}.${scope.site}`);
    try {
      await writeFile(unfinished, wrapped, { mode: 0o600, flush: true });
      await rename(unfinished, this.#path(scope));
      await syncFolder(this.#folder);
    } catch (error) {
      throw await storeFault(error, this.#folder);
    }
  }

  async #read(scope: KeyScope): Promise<PseudonymKey> {
    const path = this.#path(scope);
    const wrapped = await readFile(path);
    try {
      return this.#wrap.unwrap(scope, wrapped);
    } catch (cause) {
      throw new OperatorError(
        'STORE_KEY_DAMAGED',
        `The file ${path} is damaged.`,
        'Restore it from a backup, or remove it: the grants of that site and day are lost then.',
        { cause },
      );
    }
  }

  #hold(held: HeldKey): void {
    this.#bySite.set(held.site, [...this.of(held.site), held]);
  }

  #drop({ site, day }: KeyScope): void {
    this.find({ site, day })?.destroy();
    const rest = this.of(site).filter((held) => held.day !== day);
    if (rest.length > 0) this.#bySite.set(site, rest);
    else this.#bySite.delete(site);
  }

  #path({ site, day }: KeyScope): string {
    return join(this.#folder, `${day}.${site}`);
  }
}

async function eraseFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    await file.write(Buffer.alloc(size), 0, size, 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rm(path);
}

/** A new or removed name is on disk only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
