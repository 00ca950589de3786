import { type MaintenancePlan, type MaintenanceWindow, planned, runsAt } from '../core/maintenance';
import type { Millis } from '../core/time';
import type { HealthStore } from '../store/store';

/**
 * The windows of maintenance that run now. Those that the configuration plans are kept in the store when they begin, so
 * that the past stays what it was when a plan is changed; one whose plan was deleted ends.
 */
export async function presentMaintenance(
  store: HealthStore,
  plans: readonly MaintenancePlan[],
  now: Millis,
): Promise<readonly MaintenanceWindow[]> {
  const due = new Map(planned(plans, { from: now, to: now + 1 }).map((window) => [window.id, window]));
  const from = Math.min(now, ...[...due.values()].map((window) => window.from));
  const kept = new Map((await store.maintenance({ from, to: now + 1 })).map((window) => [window.id, window]));
  for (const window of due.values()) {
    const known = kept.get(window.id);
    const isNew = known === undefined || (known.to !== window.to && known.endedAt === undefined);
    if (!isNew) continue;
    await store.putMaintenance(window);
    kept.set(window.id, window);
  }
  for (const window of kept.values()) {
    if (window.plan === undefined || !runsAt(window, now) || due.has(window.id)) continue;
    const ended = { ...window, endedAt: now };
    await store.putMaintenance(ended);
    kept.set(window.id, ended);
  }
  return [...kept.values()].filter((window) => runsAt(window, now));
}
