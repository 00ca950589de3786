import type { DisclosureStore, HeldRecords } from '../store';
import { lyingOf } from './accounting';
import { readUse } from './day-use';
import { sessionsOf } from './ends';
import type { Engine } from './engine';
import { grantById, toGrant } from './kept-grant';
import { byName, decodeIf, type SessionRecord } from './records';
import { runs, toSession } from './session-change';

export function disclosureStore(engine: Engine): DisclosureStore {
  const { keys } = engine;
  return {
    recordsOf: (id) =>
      engine.operation(async (redis): Promise<HeldRecords> => {
        const [kept, names] = await Promise.all([grantById(redis, keys, id), sessionsOf(redis, keys.grantIndex(id))]);
        const lying = await Promise.all(
          names.sort(byName).map((name) => lyingOf(redis, engine, name, name.slice(0, name.indexOf('\0')))),
        );
        const sessions = lying.flatMap(({ session }) => {
          const record = decodeIf<SessionRecord>(session);
          return record !== undefined && runs(record) && record.grantId === id ? [toSession(record)] : [];
        });
        if (kept === undefined) return { sessions };
        const use = readUse(await redis.hget(keys.site(kept.site).dayUse, kept.device));
        const { octets, seconds } = use;
        return { grant: toGrant(kept), ...(octets + seconds > 0 && { usedBefore: { octets, seconds } }), sessions };
      }),
  };
}
