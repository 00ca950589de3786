import type { GrantId } from '../../core/ids';
import type { Soon } from '../../runtime/soon';
import { hasRoom, storeClosed, storeFault, storeFull } from './faults';
import { GrantVersions } from './grant-versions';
import type { Tables } from './tables';

/**
 * How the operations reach the tables. One that writes runs inside LMDB's transaction, where nothing comes between; all
 * that are asked for while a commit is under way share the next one, and each resolves when that commit is on disk.
 *
 * Rule for every operation: first read and decide, then write. A decision that throws has then changed nothing, and a
 * write that fails fails the commit as a whole.
 */
export class Engine {
  readonly tables: Tables;
  readonly folder: string;
  readonly #grantVersions = new GrantVersions();
  /** Grants that the operation that runs has changed. */
  #changed: GrantId[] = [];
  #closed = false;
  #roomIsKnown = false;

  constructor(tables: Tables, folder: string) {
    this.tables = tables;
    this.folder = folder;
  }

  /** Reads what is committed. */
  async read<T>(look: () => T): Promise<T> {
    return this.readNow(look);
  }

  /** The same without waiting; only a fault is a promise, which rejects. */
  readNow<T>(look: () => T): Soon<T> {
    try {
      if (this.#closed) throw storeClosed();
      return look();
    } catch (error) {
      return this.#fault(error);
    }
  }

  /**
   * Runs an operation that writes; durable when it resolves.
   * @throws OperatorError STORE_FULL while the disk is full
   */
  async write<T>(operation: () => T): Promise<T> {
    if (this.#closed) throw storeClosed();
    const looksForRoom = !this.#roomIsKnown;
    if (looksForRoom && !hasRoom(this.folder)) throw storeFull(this.folder);
    this.#roomIsKnown = true;
    try {
      return await this.forget(operation);
    } finally {
      // Whoever comes after this commit looks again.
      if (looksForRoom) this.#roomIsKnown = false;
    }
  }

  /** The same for what must not wait until a full disk has space again: deleting. LMDB keeps free pages for it. */
  async forget<T>(operation: () => T): Promise<T> {
    if (this.#closed) throw storeClosed();
    const changed: GrantId[] = [];
    try {
      return await this.tables.root.transaction(() => {
        this.#changed = changed;
        return operation();
      });
    } catch (error) {
      throw await storeFault(error, this.folder);
    } finally {
      // Not before: who looked at the grant meanwhile has seen it as it was.
      for (const id of changed) this.#grantVersions.next(id);
    }
  }

  /** To be called inside a writing operation for each grant that it changes or removes. */
  changesGrant(id: GrantId): void {
    this.#changed.push(id);
  }

  /** Another one once a change of this grant is on disk; undefined once the store is closed. */
  grantVersion(id: GrantId): number | undefined {
    return this.#closed ? undefined : this.#grantVersions.of(id);
  }

  async #fault(error: unknown): Promise<never> {
    throw await storeFault(error, this.folder);
  }

  /** Waits for the commits under way, then closes the files. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.tables.root.close();
  }
}
