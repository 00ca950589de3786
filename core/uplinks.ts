import type { ApId, SiteId } from './ids';

interface Places {
  readonly accessPoints: readonly { readonly id: ApId; readonly site: SiteId; readonly uplink?: ApId | undefined }[];
  readonly sites: readonly { readonly id: SiteId; readonly uplink?: ApId | undefined }[];
}

export type Uplinks = ReadonlyMap<ApId, ApId>;

/**
 * Through what each access point is reached: its own uplink, else that of its site. The uplink of a site is not behind
 * itself, and neither is what it is reached through.
 */
export function uplinksOf({ accessPoints, sites }: Places): Uplinks {
  const own = new Map(accessPoints.flatMap(({ id, uplink }) => (uplink === undefined ? [] : [[id, uplink]])));
  const bySite = new Map(
    sites.flatMap(({ id, uplink }) => (uplink === undefined ? [] : [[id, [uplink, ...pathFrom(uplink, own)]]])),
  );
  const uplinks = new Map(own);
  for (const { id, site } of accessPoints) {
    const path = bySite.get(site) ?? [];
    if (path[0] !== undefined && !own.has(id) && !path.includes(id)) uplinks.set(id, path[0]);
  }
  return uplinks;
}

/** What lies between an access point and the controller, the nearest first; ends also where it goes in a circle. */
export function pathFrom(ap: ApId, uplinks: Uplinks): ApId[] {
  const path: ApId[] = [];
  for (let up = uplinks.get(ap); up !== undefined && !path.includes(up); up = uplinks.get(up)) path.push(up);
  return path;
}

/** Whether an access point is reached through itself. */
export function isCircular(ap: ApId, uplinks: Uplinks): boolean {
  return pathFrom(ap, uplinks).includes(ap);
}
