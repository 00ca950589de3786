import { OperatorError } from '../../core/errors';
import type { KeyScope } from '../../core/pseudonym';
import type { KeyWrap } from '../pseudonyms';
import { Change } from './change';
import { CHANGED, type Client, type Engine } from './engine';

/** Raise it when what is stored changes its form or its keys, and upgrade what is of the former here. */
export const SCHEMA_VERSION = 1;

/** What the check value is bound to: no site has this name. */
export const CHECK_SCOPE: KeyScope = { site: '', day: 'check' };

/** The mark of a store that an import fills, or did not fill to its end. */
export const FILLING = 'filling';

/**
 * Sees that what lies in Redis is what we can read: our schema, and the `key` of the configuration. Where nothing lies,
 * it leaves both marks.
 * @param toBeFilled  by an import: it may be half full, and gets its marks when the filling begins
 * @throws OperatorError STORE_NEWER, STORE_HALF_FILLED or STORE_KEY_WRONG; nothing was changed then
 */
export function migrate(engine: Engine, redis: Client, wrap: KeyWrap, { toBeFilled = false } = {}): Promise<void> {
  const meta = engine.keys.town('meta');
  return engine.decide(async () => {
    const [version, check, filling] = await redis.hmgetBuffer(meta, 'schema', 'key-check', FILLING);
    if (!version) {
      return toBeFilled || (await engine.commit(markNew(new Change(), meta, wrap))) ? undefined : CHANGED;
    }
    if (Number(version) !== SCHEMA_VERSION) {
      throw new OperatorError(
        'STORE_NEWER',
        `What lies in Redis has schema ${version.toString()}; this version of the product knows schema ${SCHEMA_VERSION}.`,
        'Install the version that wrote it or a later one.',
      );
    }
    if (filling && !toBeFilled) {
      throw new OperatorError(
        'STORE_HALF_FILLED',
        'An import into this Redis was not finished.',
        'Name another store.redis.prefix and import again; "stadtfunk store import" says how to remove what is there.',
      );
    }
    wrap.unwrap(CHECK_SCOPE, check ?? Buffer.alloc(0));
    return undefined;
  });
}

/** Both marks, if there are none yet. */
export function markNew(change: Change, meta: string, wrap: KeyWrap): Change {
  const { wrapped } = wrap.draw(CHECK_SCOPE);
  return change.expect(meta, 'schema', null).write('HSET', meta, 'schema', SCHEMA_VERSION, 'key-check', wrapped);
}
