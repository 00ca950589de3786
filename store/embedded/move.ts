import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, Key } from 'lmdb';
import { OperatorError } from '../../core/errors';
import type { StoreContext } from '../context';
import type { Movable, MovedRecord } from '../move/records';
import { KeyWrap } from '../pseudonyms';
import { chunks } from './chunks';
import { Claim } from './claim';
import { Engine } from './engine';
import { openFault, storeFault } from './faults';
import { prepareFolder } from './folder';
import { checkHead } from './head';
import { Keyring } from './keyring';
import { CHECK_SCOPE, FILLING, markNew, migrate } from './migrate';
import { sessionKey } from './session-record';
import { openTables, type Tables } from './tables';

/**
 * Opens the store in a folder to be moved. The claim on the folder sees to it that nobody else has it open.
 * @param mustBeThere  a folder that is missing is a mistake
 * @throws OperatorError like `openEmbeddedStore`
 */
export async function openEmbeddedMovable(
  folder: string,
  { townKey, random }: StoreContext,
  mustBeThere: boolean,
): Promise<Movable> {
  if (mustBeThere && !existsSync(join(folder, 'data.mdb'))) {
    throw new OperatorError('STORE_MISSING', `There is no store in ${folder}.`, 'Mend store.path.');
  }
  await prepareFolder(folder);
  const claim = await Claim.take(folder, random);
  let engine: Engine | undefined;
  try {
    await checkHead(folder);
    engine = new Engine(openTables(folder), folder);
    const wrap = new KeyWrap(townKey, random);
    await migrate(engine, wrap, { toBeFilled: !mustBeThere });
    const keyring = new Keyring(join(folder, 'keys'), wrap);
    await keyring.load();
    return movable(engine, keyring, wrap, claim);
  } catch (error) {
    await engine?.close();
    await claim.release();
    throw openFault(error, folder) ?? (await storeFault(error, folder));
  }
}

function movable(engine: Engine, keyring: Keyring, wrap: KeyWrap, claim: Claim): Movable {
  const { tables, folder } = engine;
  return {
    keyCheck: () => wrap.draw(CHECK_SCOPE).wrapped.toString('base64'),
    checkKey: (check) => void wrap.unwrap(CHECK_SCOPE, Buffer.from(check, 'base64')),
    assertAtRest: async () => {},
    records: () => records(engine, keyring),
    beginFilling: async () => {
      const { root, meta, ...own } = tables;
      const isEmpty = Object.values(own).every((table) => table.getCount({ limit: 1 }) === 0);
      if (!isEmpty || keyring.all().length > 0 || meta.get(FILLING) !== undefined) throw notEmpty(folder);
      await engine.write(() => {
        if (meta.get('schema') === undefined) markNew(engine, wrap);
        meta.put(FILLING, 1);
      });
    },
    put: async (batch) => {
      for (const record of batch) {
        if (record.of !== 'pseudonym-key') continue;
        await keyring.take(record, Buffer.from(record.wrapped, 'base64'));
      }
      await engine.write(() => {
        for (const record of batch) put(engine, record);
      });
    },
    endFilling: () =>
      engine.write(() => {
        tables.meta.remove(FILLING);
      }),
    close: async () => {
      await engine.close();
      await claim.release();
    },
  };
}

function notEmpty(folder: string): OperatorError {
  return new OperatorError(
    'STORE_NOT_EMPTY',
    `The store in ${folder} is not empty.`,
    'Import into a folder that does not exist yet; what an import left that failed may be removed with the whole folder.',
  );
}

async function* records(engine: Engine, keyring: Keyring): AsyncGenerator<MovedRecord> {
  const { tables } = engine;
  for (const { site, day } of await keyring.files()) {
    const wrapped = (await keyring.wrapped({ site, day })).toString('base64');
    yield { of: 'pseudonym-key', site, day, wrapped, lastExpiry: tables.keyExpiry.get([site, day]) ?? 0 };
  }
  for await (const { key, value } of all(engine, tables.grants)) {
    const { credential: _, ...grant } = value;
    yield { of: 'grant', device: key.toString('base64url'), ...grant };
  }
  for await (const { key, value } of all(engine, tables.dayUse)) {
    // Before it was written down, the site is known only while the grant lies there.
    const site = value.site ?? tables.grants.get(key)?.site;
    if (site !== undefined) yield { of: 'day-use', device: key.toString('base64url'), ...value, site };
  }
  for await (const { key, value: count } of all(engine, tables.acceptances)) {
    const [site, hour, termsVersion, language] = key;
    yield { of: 'acceptance-count', site, hour, termsVersion, language, count };
  }
  yield* visits(engine);
  yield* watched(engine);
  yield* town(engine);
}

async function* visits(engine: Engine): AsyncGenerator<MovedRecord> {
  const { tables } = engine;
  for await (const { value } of all(engine, tables.sessions)) {
    const { segments, earlier, ...session } = value;
    yield { of: 'session', ...session, segments: [...segments], earlier };
  }
  for await (const { value } of all(engine, tables.ends)) yield { of: 'end-order', ...value };
  for await (const { key, value } of all(engine, tables.usage)) {
    const [site, hour] = key;
    yield { of: 'usage-total', site, hour, ...value };
  }
}

async function* watched(engine: Engine): AsyncGenerator<MovedRecord> {
  const { tables } = engine;
  for await (const { key: ap, value } of all(engine, tables.health)) {
    const { changes, ...health } = value.health;
    yield {
      of: 'health',
      ap,
      ...value,
      health: { ...health, ...(changes !== undefined && { changes: [...changes] }) },
    };
  }
  for await (const { key, value } of all(engine, tables.outages)) {
    const [ap, from] = key;
    yield { of: 'outage', ap, from, ...value };
  }
  for await (const { key: from, value: to } of all(engine, tables.unwatched)) yield { of: 'unwatched', from, to };
  const at = tables.meta.get('watched-until');
  if (typeof at === 'number') yield { of: 'last-word', at };
}

async function* town(engine: Engine): AsyncGenerator<MovedRecord> {
  const { tables } = engine;
  for await (const { value } of all(engine, tables.maintenance)) {
    const { sites, accessPoints, ...window } = value;
    yield { of: 'maintenance', ...window, sites: [...sites], accessPoints: [...accessPoints] };
  }
  for await (const { value } of all(engine, tables.exams)) yield { of: 'exam', ...value };
  for await (const { key: reference, value } of all(engine, tables.feedback)) {
    yield { of: 'feedback', reference, ...value, words: value.words.toString('base64') };
  }
  const audit = tables.meta.get('audit');
  if (typeof audit === 'object' && 'overdue' in audit) yield { of: 'audit', at: audit.at, overdue: [...audit.overdue] };
}

/** Everything in a table. */
async function* all<V, K extends Key>(engine: Engine, table: Database<V, K>): AsyncGenerator<{ key: K; value: V }> {
  for await (const chunk of chunks(engine, table)) yield* chunk;
}

/** To be called inside a writing operation. */
function put({ tables }: Engine, record: MovedRecord): void {
  switch (record.of) {
    case 'pseudonym-key':
      return void tables.keyExpiry.put([record.site, record.day], record.lastExpiry);
    case 'grant': {
      const { of: _, device, ...grant } = record;
      const at = Buffer.from(device, 'base64url');
      tables.grants.put(at, grant);
      return void tables.grantDevices.put(Buffer.from(record.id, 'base64url'), at);
    }
    case 'day-use': {
      const { of: _, device, ...use } = record;
      return void tables.dayUse.put(Buffer.from(device, 'base64url'), use);
    }
    case 'acceptance-count': {
      const { site, hour, termsVersion, language, count } = record;
      return void tables.acceptances.put([site, hour, termsVersion, language], count);
    }
    case 'usage-total': {
      const { of: _, site, hour, ...usage } = record;
      return void tables.usage.put([site, hour], usage);
    }
    case 'session': {
      const { of: _, ...session } = record;
      return void tables.sessions.put(sessionKey(session.gateway, session.sessionId), session);
    }
    case 'end-order': {
      const { of: _, ...order } = record;
      return void tables.ends.put(sessionKey(order.gateway, order.sessionId), order);
    }
    default:
      putOther(tables, record);
  }
}

type Visits = 'pseudonym-key' | 'grant' | 'day-use' | 'acceptance-count' | 'usage-total' | 'session' | 'end-order';

function putOther(tables: Tables, record: Exclude<MovedRecord, { of: Visits }>): void {
  switch (record.of) {
    case 'health': {
      const { of: _, ap, ...health } = record;
      return void tables.health.put(ap, health);
    }
    case 'outage': {
      const { of: _, ap, from, ...outage } = record;
      return void tables.outages.put([ap, from], outage);
    }
    case 'unwatched':
      return void tables.unwatched.put(record.from, record.to);
    case 'last-word':
      return void tables.meta.put('watched-until', record.at);
    case 'maintenance': {
      const { of: _, ...window } = record;
      return void tables.maintenance.put(window.id, window);
    }
    case 'exam': {
      const { of: _, ...exam } = record;
      return void tables.exams.put(exam.site, exam);
    }
    case 'feedback': {
      const { of: _, reference, words, ...rest } = record;
      return void tables.feedback.put(reference, { ...rest, words: Buffer.from(words, 'base64') });
    }
    case 'audit': {
      const { of: _, ...audit } = record;
      return void tables.meta.put('audit', audit);
    }
  }
}
