import { accessPoint } from './access-point';
import { type Dashboard, toGrafana } from './dashboard';
import { portalRadius } from './portal-radius';
import { schools } from './schools';
import { site } from './site';
import { town } from './town';

const dashboards: readonly Dashboard[] = [town, site, accessPoint, portalRadius, schools];

/** The files that Grafana loads, by their name. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(
    dashboards.map((dashboard) => [`${dashboard.uid}.json`, `${JSON.stringify(toGrafana(dashboard), null, 2)}\n`]),
  );
}
