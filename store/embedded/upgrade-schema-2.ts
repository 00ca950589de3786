import type { Database } from 'lmdb';
import type { ApId } from '../../core/ids';
import type { Millis } from '../../core/time';
import type { Engine } from './engine';
import type { HealthRecord } from './health-record';

const MESSAGE_PACK = { encoding: 'msgpack', useRecords: false } as const;

/** Schema 2 kept health and outages as MessagePack, and outages without a cause: their end, or null. */
export function upgradeSchema2({ tables: { root, health, outages } }: Engine): void {
  const formerHealth: Database<HealthRecord, ApId> = root.openDB('health', MESSAGE_PACK);
  const formerOutages: Database<Millis | null, [ApId, Millis]> = root.openDB('outages', MESSAGE_PACK);
  for (const { key, value } of formerHealth.getRange()) health.put(key, value);
  for (const { key, value: to } of formerOutages.getRange()) outages.put(key, to === null ? {} : { to });
  formerHealth.dropSync();
  formerOutages.dropSync();
}
