import { z } from 'zod';
import { type MaintenanceWindow, runsAt } from '../core/maintenance';
import { DAY } from '../core/time';
import type { AdminCommand } from '../runtime/admin';
import type { Clock } from '../runtime/clock';
import type { Log } from '../runtime/log';
import type { Random } from '../runtime/random';
import type { HealthStore } from '../store/store';

/** Where the running product takes orders about maintenance; commands/maintenance.ts gives them. */
export const START_MAINTENANCE = '/admin/maintenance/start';
export const END_MAINTENANCE = '/admin/maintenance/end';
export const LIST_MAINTENANCE = '/admin/maintenance/list';

interface Tools {
  readonly store: HealthStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const scope = z.strictObject({ sites: z.array(z.string()).max(1), accessPoints: z.array(z.string()).max(1) });
const order = scope.extend({ until: z.number(), reason: z.string().max(200) });
const AHEAD = 14 * DAY;

/** The work that began on exactly this scope is meant, not what a wider one covers. */
function isSame(a: z.output<typeof scope>, b: MaintenanceWindow): boolean {
  return a.sites.join() === b.sites.join() && a.accessPoints.join() === b.accessPoints.join();
}

export function maintenanceDesk({ store, clock, random, log }: Tools): readonly (readonly [string, AdminCommand])[] {
  const running = async (): Promise<MaintenanceWindow[]> => {
    const now = clock.now();
    const windows = await store.maintenance({ from: now, to: now + AHEAD });
    return windows.filter((window) => runsAt(window, now));
  };
  return [
    [
      START_MAINTENANCE,
      async (asked) => {
        const { until, ...work } = order.parse(asked);
        await store.putMaintenance({ ...work, id: random.word(), from: clock.now(), to: until });
        const [[site], [ap]] = [work.sites, work.accessPoints];
        log.info('maintenance-started', { ...(site !== undefined && { site }), ...(ap !== undefined && { ap }) });
      },
    ],
    [
      END_MAINTENANCE,
      async (asked, say) => {
        const meant = scope.parse(asked);
        const windows = (await running()).filter((window) => isSame(meant, window));
        const endedAt = clock.now();
        for (const window of windows) await store.putMaintenance({ ...window, endedAt });
        say({ ended: windows.length });
      },
    ],
    [
      LIST_MAINTENANCE,
      async (_, say) => {
        for (const { sites, accessPoints, from, to, reason } of await running()) {
          say({ sites, accessPoints, from, until: to, reason });
        }
      },
    ],
  ];
}
