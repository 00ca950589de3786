import type { GrantId } from '../../core/ids';
import type { Session } from '../../core/session';
import type { DisclosureStore } from '../store';
import type { Engine } from './engine';
import { grantById, toGrant } from './grants';
import { sweep } from './sweep';

/** Nothing leads from a grant to its sessions, so all are looked through; other operations get their turn in between. */
export function disclosureStore(engine: Engine): DisclosureStore {
  return {
    recordsOf: async (id) => {
      const kept = await engine.read(() => grantById(engine, id));
      return { ...(kept !== undefined && { grant: toGrant(kept.record) }), sessions: await sessionsOf(engine, id) };
    },
  };
}

async function sessionsOf(engine: Engine, id: GrantId): Promise<Session[]> {
  const found: Session[] = [];
  const mine = sweep(engine, engine.tables.sessions, (_, session) => (session.grantId === id ? session : undefined));
  for await (const sessions of mine) found.push(...sessions);
  return found;
}
