import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../../runtime/package-root';

const panel = z.object({
  id: z.int(),
  // Panels that Grafana still ships; graph, singlestat, table-old, worldmap and the like are gone since version 11.
  type: z.enum(['row', 'stat', 'timeseries', 'state-timeline', 'bargauge', 'table', 'geomap']),
  title: z.string().min(1),
  description: z.string().endsWith('.').optional(),
  gridPos: z.object({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1), h: z.int().min(1) }),
  fieldConfig: z
    .object({
      defaults: z.object({
        unit: z.string().min(1),
        thresholds: z.object({
          steps: z.array(z.object({ color: z.string(), value: z.number().nullable() })).min(1),
        }),
      }),
    })
    .optional(),
  targets: z.array(z.object({ refId: z.string(), expr: z.string().min(1) })).default([]),
});
const dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  // The form that Grafana 10.4 and 11 write; later ones read it and bring it up to date by themselves.
  schemaVersion: z.literal(39),
  panels: z.array(panel),
});

/** What Grafana is given, as far as it can be checked without Grafana. */
export function dashboards(): z.output<typeof dashboard>[] {
  const folder = join(packageRoot, 'deploy', 'grafana', 'dashboards');
  return readdirSync(folder).map((name) => dashboard.parse(JSON.parse(readFileSync(join(folder, name), 'utf8'))));
}

/** A question as Grafana asks it, with its variables filled in. */
export function resolved(expr: string, site: string, ap: string, rate = '5m', range = '1d'): string {
  return expr
    .replaceAll('$__rate_interval', rate)
    .replaceAll('$__range', range)
    .replaceAll('$site', site)
    .replaceAll('$ap', ap);
}
