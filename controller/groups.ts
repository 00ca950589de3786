import type { Config } from '../config/schema';
import type { SiteId } from '../core/ids';

/** Into how many pieces the access points of a town are divided. Every controller has to divide alike. */
export const PIECES = 64;

/**
 * In which piece each site is, with all its access points. Sites that are reached through one another are in the same:
 * whoever judges an access point has to see its uplink, and what falls together.
 */
export function piecesOf({ sites, accessPoints }: Config): ReadonlyMap<SiteId, number> {
  const leads = new Map<SiteId, SiteId>(sites.map(({ id }) => [id, id]));
  const leaderOf = (site: SiteId): SiteId => {
    let leader = site;
    for (let next = leads.get(leader); next !== undefined && next !== leader; next = leads.get(leader)) leader = next;
    return leader;
  };
  const join = (one: SiteId, other: SiteId): void => {
    const [a, b] = [leaderOf(one), leaderOf(other)];
    if (a < b) leads.set(b, a);
    else leads.set(a, b);
  };
  const siteOf = new Map(accessPoints.map(({ id, site }) => [id, site]));
  for (const { id, uplink } of sites) join(id, siteOf.get(uplink ?? '') ?? id);
  for (const { site, uplink } of accessPoints) join(site, siteOf.get(uplink ?? '') ?? site);
  return new Map(sites.map(({ id }) => [id, pieceOf(leaderOf(id))]));
}

/** FNV-1a, then mixed so that similar names lie apart. */
function pieceOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) % PIECES;
}
