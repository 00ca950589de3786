import type { Database } from 'lmdb';
import type { GrantId } from '../../core/ids';
import type { EndOrder } from '../../core/session-end';
import type { Pseudonym } from '../pseudonyms';
import type { Engine } from './engine';
import { type GrantRecord, grantIdOctets } from './grant-record';
import { type SessionRecord, sessionKey } from './session-record';

interface FormerGrant extends GrantRecord {
  readonly device: Pseudonym;
}

const MESSAGE_PACK = { encoding: 'msgpack', useRecords: false } as const;

/** Schema 1 kept grants, sessions and orders as MessagePack, and under other keys. */
export function upgradeSchema1(engine: Engine): void {
  upgradeGrants(engine);
  upgradeSessions(engine);
}

/** A grant lay under its id. Several of a pseudonym could, expired ones among them: the one made last is kept. */
function upgradeGrants({ tables: { root, grants, grantDevices } }: Engine): void {
  const former: Database<FormerGrant, GrantId> = root.openDB('grants', MESSAGE_PACK);
  const devices: Database<GrantId, Pseudonym> = root.openDB('devices', { ...MESSAGE_PACK, keyEncoding: 'binary' });
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

function upgradeSessions({ tables: { root, sessions, ends } }: Engine): void {
  const former: Database<SessionRecord> = root.openDB('sessions', MESSAGE_PACK);
  const formerEnds: Database<EndOrder> = root.openDB('ends', MESSAGE_PACK);
  for (const { value } of former.getRange()) sessions.put(sessionKey(value.gateway, value.sessionId), value);
  for (const { value } of formerEnds.getRange()) ends.put(sessionKey(value.gateway, value.sessionId), value);
  former.dropSync();
  formerEnds.dropSync();
}
