import type { SiteId } from '../../core/ids';
import { isStopped, type Session } from '../../core/session';
import type { Millis } from '../../core/time';
import type { Engine } from './engine';
import type { SessionRecord } from './session-record';

/**
 * Running sessions by site. Kept in memory beside the table, because /metrics asks every few seconds: one pass over the
 * sessions when the store opens, then what each commit changes.
 */
export class RunningSessions {
  readonly #bySite = new Map<SiteId, number>();

  change(site: SiteId, by: number): void {
    if (by === 0) return;
    const count = (this.#bySite.get(site) ?? 0) + by;
    if (count > 0) this.#bySite.set(site, count);
    else this.#bySite.delete(site);
  }

  counts(): ReadonlyMap<SiteId, number> {
    return new Map(this.#bySite);
  }
}

export function countRunning({ tables: { sessions } }: Engine): RunningSessions {
  const running = new RunningSessions();
  for (const { value } of sessions.getRange()) if (runs(value)) running.change(value.site, 1);
  return running;
}

export function runs(record: SessionRecord): boolean {
  return record.endedAt === undefined;
}

/** From its end on nothing in a session's record leads to its grant, and so to its device. */
export function toRecord(session: Session, at: Millis): SessionRecord {
  if (!isStopped(session)) return session;
  const { grantId: _, username: __, ...rest } = session;
  return { ...rest, endedAt: at };
}

export function toSession(record: SessionRecord): Session {
  // The usual one has nothing to leave out, and a copy costs as much as folding does.
  if (runs(record)) return record;
  const { endedAt: _, ...session } = record;
  return session;
}
