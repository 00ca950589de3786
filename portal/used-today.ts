import type { Site } from '../config/schema';
import type { DeviceAddress } from '../core/mac';
import { type DayUse, dayCount } from '../core/rules';
import type { Millis } from '../core/time';
import type { Soon } from '../runtime/soon';
import { type Portal, storing } from './portal';

/** What a device used today; undefined where the site does not count by the day. */
export function usedToday(
  portal: Portal,
  { id, rules }: Site,
  device: DeviceAddress,
  now: Millis,
): Soon<DayUse | undefined> {
  return dayCount(rules) === undefined ? undefined : storing(portal.store.usedToday(id, device, now));
}
