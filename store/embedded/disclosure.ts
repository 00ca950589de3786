import type { GrantId } from '../../core/ids';
import type { Session } from '../../core/session';
import type { DisclosureStore, HeldRecords } from '../store';
import type { Engine } from './engine';
import { grantById, toGrant } from './grants';
import { sweep } from './sweep';

/** Nothing leads from a grant to its sessions, so all are looked through; other operations get their turn in between. */
export function disclosureStore(engine: Engine): DisclosureStore {
  return {
    recordsOf: async (id) => {
      const kept = await engine.read(() => besideGrant(engine, id));
      return { ...kept, sessions: await sessionsOf(engine, id) };
    },
  };
}

function besideGrant(engine: Engine, id: GrantId): Omit<HeldRecords, 'sessions'> {
  const kept = grantById(engine, id);
  if (kept === undefined) return {};
  const grant = toGrant(kept.record);
  const { octets = 0, seconds = 0 } = engine.tables.dayUse.get(kept.device) ?? {};
  return octets + seconds === 0 ? { grant } : { grant, usedBefore: { octets, seconds } };
}

async function sessionsOf(engine: Engine, id: GrantId): Promise<Session[]> {
  const found: Session[] = [];
  const mine = sweep(engine, engine.tables.sessions, (_, session) => (session.grantId === id ? session : undefined));
  for await (const sessions of mine) found.push(...sessions);
  return found;
}
