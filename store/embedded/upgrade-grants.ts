import type { Database } from 'lmdb';
import type { GrantId } from '../../core/ids';
import type { Pseudonym } from '../pseudonyms';
import type { Engine } from './engine';
import { type GrantRecord, grantIdOctets } from './grant-record';

interface FormerGrant extends GrantRecord {
  readonly device: Pseudonym;
}

/**
 * Schema 1 kept a grant under its id as MessagePack, with its pseudonym inside, and a second table from pseudonym to id.
 * Several of a pseudonym could lie there, expired ones among them: the one made last is kept.
 */
export function upgradeGrants({ tables: { root, grants, grantDevices } }: Engine): void {
  const plain = { encoding: 'msgpack', useRecords: false } as const;
  const former: Database<FormerGrant, GrantId> = root.openDB('grants', plain);
  const devices: Database<GrantId, Pseudonym> = root.openDB('devices', { ...plain, keyEncoding: 'binary' });
  for (const { key: id, value } of former.getRange()) {
    const { device, ...record } = value;
    const octets = grantIdOctets(id);
    if (octets === undefined || devices.get(device) !== id) continue;
    grants.put(device, record);
    grantDevices.put(octets, device);
  }
  former.dropSync();
  devices.dropSync();
}
