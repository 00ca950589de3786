import type { AccessPoint, Config, Site } from '../config/schema';
import { turnOfOthers } from '../runtime/turn';

/** Access points in a piece of the page. */
const PIECE = 200;

/**
 * The access points of these sites as Prometheus' HTTP service discovery reads them, so that ping probes or exporters on
 * the access points follow the same inventory. The address has no port: the scrape configuration adds that of its exporter.
 */
export async function* discovery({ accessPoints, sites }: Config, wanted: ReadonlySet<string>): AsyncGenerator<string> {
  const siteOf = new Map(sites.map((site) => [site.id, site]));
  const chosen = accessPoints.filter(({ site }) => wanted.has(site));
  yield '[';
  for (let at = 0; at < chosen.length; at += PIECE) {
    const groups = chosen.slice(at, at + PIECE).map((ap) => JSON.stringify(target(ap, siteOf.get(ap.site))));
    yield `${at === 0 ? '' : ','}${groups.join(',')}`;
    await turnOfOthers();
  }
  yield ']\n';
}

function target(ap: AccessPoint, site: Site | undefined): { targets: string[]; labels: Record<string, string> } {
  return {
    targets: [ap.host.includes(':') ? `[${ap.host}]` : ap.host],
    labels: {
      __meta_stadtfunk_ap: ap.id,
      __meta_stadtfunk_name: ap.name,
      __meta_stadtfunk_site: ap.site,
      __meta_stadtfunk_site_name: site?.name ?? '',
      __meta_stadtfunk_site_kind: site?.kind ?? '',
    },
  };
}
