import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, Key } from 'lmdb';
import { TABLE_RECORDS } from '../../store/embedded/census';
import { openTables, type Tables } from '../../store/embedded/tables';
import { type LyingRecord, leaves } from './driver';

/** Everything that lies in the folder of an embedded store. */
export async function embeddedRecords(folder: string): Promise<readonly LyingRecord[]> {
  const tables = openTables(folder);
  try {
    const known = Object.keys(TABLE_RECORDS).filter((name): name is keyof typeof TABLE_RECORDS => name in tables);
    const count = [...tables.root.getKeys()].length;
    if (count !== known.length) throw new Error(`there are ${count} tables, and ${known.length} are declared`);
    return [...known.flatMap((name) => recordsOf(tables, name)), ...keyFiles(join(folder, 'keys'))];
  } finally {
    await tables.root.close();
  }
}

function recordsOf(tables: Tables, name: keyof typeof TABLE_RECORDS): LyingRecord[] {
  const table: Database<unknown, Key> = tables[name];
  const { of, key: columns, ...named } = TABLE_RECORDS[name];
  const valueName = 'value' in named ? named.value : '';
  return [...table.getRange()].map(({ key, value }) => {
    const parts = Array.isArray(key) ? key : [key];
    if (name === 'meta') return { of, fields: leaves(value, String(key)) };
    return {
      of,
      fields: [...columns.map((column, i) => [column, parts[i]] as const), ...leaves(value, valueName)],
    };
  });
}

/** The keys of pseudonyms, `2026-11-21.rathaus`. */
function keyFiles(folder: string): LyingRecord[] {
  return readdirSync(folder).map((name) => {
    const [day, site] = [name.slice(0, 10), name.slice(11)];
    const key = readFileSync(join(folder, name));
    return { of: 'pseudonym-key', fields: Object.entries({ site, day, key }) };
  });
}
