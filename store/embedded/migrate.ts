import { OperatorError } from '../../core/errors';
import type { KeyScope } from '../../core/pseudonym';
import type { KeyWrap } from '../pseudonyms';
import type { Engine } from './engine';
import { upgradeSchema1 } from './upgrade-schema-1';
import { upgradeSchema2 } from './upgrade-schema-2';

/** Raise it when what is stored changes its form, and add to `UPGRADES` what turns the former form into the new one. */
export const SCHEMA_VERSION = 3;

/** From the schema of this number to the next; called in one transaction with the mark of the new one. */
const UPGRADES: ReadonlyMap<number, (engine: Engine) => void> = new Map([
  [1, upgradeSchema1],
  [2, upgradeSchema2],
]);

/** What the check value is bound to: no site has this name. */
export const CHECK_SCOPE: KeyScope = { site: '', day: 'check' };

/** The mark of a store that an import fills, or did not fill to its end. */
export const FILLING = 'filling';

/**
 * Sees that the store is one we can read: our schema, and the `key` of the configuration. A new store gets both marks.
 * @param toBeFilled  by an import: it may be half full, and a new one gets its marks when the filling begins
 * @throws OperatorError STORE_NEWER, STORE_HALF_FILLED or STORE_KEY_WRONG; nothing was changed then
 */
export async function migrate(engine: Engine, wrap: KeyWrap, { toBeFilled = false } = {}): Promise<void> {
  const { meta } = engine.tables;
  const version = meta.get('schema');
  const check = meta.get('key-check');
  if (version === undefined) {
    if (!toBeFilled) await engine.write(() => markNew(engine, wrap));
    return;
  }
  if (typeof version !== 'number' || version > SCHEMA_VERSION) {
    throw new OperatorError(
      'STORE_NEWER',
      `The store in ${engine.folder} has schema ${String(version)}; this version of the product knows schemas up to ${SCHEMA_VERSION}.`,
      'Install the version that wrote it or a later one.',
    );
  }
  if (meta.get(FILLING) !== undefined && !toBeFilled) {
    throw new OperatorError(
      'STORE_HALF_FILLED',
      `An import into the store in ${engine.folder} was not finished.`,
      'Remove the folder and import again.',
    );
  }
  wrap.unwrap(CHECK_SCOPE, Buffer.isBuffer(check) ? check : Buffer.alloc(0));
  for (let from = version; from < SCHEMA_VERSION; from++) {
    await engine.write(() => {
      UPGRADES.get(from)?.(engine);
      meta.put('schema', from + 1);
    });
  }
}

/** To be called inside a writing operation. */
export function markNew({ tables: { meta } }: Engine, wrap: KeyWrap): void {
  meta.put('schema', SCHEMA_VERSION);
  meta.put('key-check', wrap.draw(CHECK_SCOPE).wrapped);
}
