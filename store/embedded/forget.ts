import { isRunning } from '../../core/exam';
import { FEEDBACK_AFTERGLOW_MS } from '../../core/feedback';
import { isLive } from '../../core/grant';
import { timeOf } from '../../core/maintenance';
import { keyIsDead, keyScope } from '../../core/pseudonym';
import { HOUR, type Millis } from '../../core/time';
import { type Retention, SESSION_AFTERGLOW_MS } from '../store';
import type { Engine } from './engine';
import { removeGrant } from './grants';
import type { Keyring } from './keyring';
import { removeDead } from './sweep';

/** Removes what has had its time. Each part is atomic by itself; one that was cut off is finished the next time. */
export async function forget(
  engine: Engine,
  keyring: Keyring,
  timeZone: string,
  now: Millis,
  { historyBefore }: Retention,
): Promise<void> {
  const { tables } = engine;
  await removeDead(
    engine,
    tables.grants,
    (grant) => !isLive(grant, now),
    (device, record) => removeGrant(engine, { device, record }, now),
  );
  await removeDead(engine, tables.credentials, ({ expiresAt }) => expiresAt <= now);
  await removeDead(engine, tables.sessions, ({ endedAt }) => (endedAt ?? now) + SESSION_AFTERGLOW_MS <= now);
  // An order that nobody settled is one for a gateway that is gone.
  await removeDead(
    engine,
    tables.ends,
    ({ settled, orderedAt }) => (settled?.at ?? orderedAt + HOUR) + SESSION_AFTERGLOW_MS <= now,
  );
  const today = keyScope('', now, timeZone).day;
  await removeDead(engine, tables.dayUse, ({ day }) => day !== today);
  await removeDead(engine, tables.exams, (exam) => !isRunning(exam, now));
  await destroyDeadKeys(engine, keyring, timeZone, now);

  await removeDead(engine, tables.feedback, ({ doneAt }) => (doneAt ?? now) + FEEDBACK_AFTERGLOW_MS <= now);
  await removeDead(engine, tables.acceptances, (_, [, hour]) => hour + HOUR <= historyBefore);
  await removeDead(engine, tables.usage, (_, [, hour]) => hour + HOUR <= historyBefore);
  // The controller calls an access point unknown when it is no longer configured.
  await removeDead(engine, tables.health, ({ health }) => health.state === 'unknown' && health.since <= historyBefore);
  await removeDead(engine, tables.outages, ({ to }) => to !== undefined && to <= historyBefore);
  await removeDead(engine, tables.maintenance, (window) => timeOf(window).to <= historyBefore);
  await removeDead(engine, tables.unwatched, (to) => to <= historyBefore);
}

async function destroyDeadKeys(engine: Engine, keyring: Keyring, timeZone: string, now: Millis): Promise<void> {
  const { keyExpiry } = engine.tables;
  const dead = await engine.forget(() => {
    const dead = keyring.all().filter(({ site, day }) => {
      // A key without an entry was drawn just before a crash; nothing was made under it.
      return keyIsDead({ day, lastExpiry: keyExpiry.get([site, day]) ?? 0 }, now, timeZone);
    });
    for (const { site, day } of dead) keyExpiry.remove([site, day]);
    return dead;
  });
  await keyring.destroy(dead);
  // What was noted about a key whose file somebody removed.
  await removeDead(engine, keyExpiry, (lastExpiry, [, day]) => keyIsDead({ day, lastExpiry }, now, timeZone));
}
