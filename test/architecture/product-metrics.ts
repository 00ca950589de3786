import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { reloadMetric } from '../../commands/reload-metric';
import { workerMetrics } from '../../commands/worker-figures';
import { loadConfig } from '../../config/load';
import { AP_SERIES, SAID_SERIES } from '../../controller/ap-series';
import { controllerMetrics } from '../../controller/metrics';
import { SITE_SERIES } from '../../controller/site-series';
import { trapMetrics } from '../../controller/trap-metrics';
import { VisitorMetrics } from '../../controller/visitor/metrics';
import { feedbackGauge, PortalMetrics } from '../../portal/metrics';
import { ServingMetrics } from '../../portal/serving/metrics';
import { RadiusMetrics, radsecGauges } from '../../radius/metrics';
import { ManualClock } from '../../runtime/clock';
import { LiveValue } from '../../runtime/live';
import { silentLog } from '../../runtime/log';
import { createMetrics, PREFIX, type Registry } from '../../runtime/metrics';
import { packageRoot } from '../../runtime/package-root';
import { systemRandom } from '../../runtime/random';
import type { Heading } from '../../runtime/series';
import { clockGauge, Housekeeping, readyGauge } from '../../store/housekeeping';
import { openStore } from '../../store/open';
import { auditGauges } from '../../store/self-audit';

/** The files that define metrics; a new one has to be added to `productMetrics`. */
export const METRICS_FILES = [
  'commands/reload-metric.ts',
  'commands/worker-figures.ts',
  'controller/metrics.ts',
  'controller/trap-metrics.ts',
  'controller/visitor/metrics.ts',
  'portal/metrics.ts',
  'portal/serving/metrics.ts',
  'radius/metrics.ts',
  'store/housekeeping.ts',
  'store/self-audit.ts',
];

const definition = z.object({
  name: z.string(),
  help: z.string(),
  type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
  labelNames: z.array(z.string()),
});
export type Metric = z.infer<typeof definition>;

/** Every metric that Stadtfunk defines, without those that the metrics library adds about the process. */
export async function productMetrics(): Promise<Metric[]> {
  const ofTheProcess = new Set(names(createMetrics()));
  const registry = createMetrics();
  const loaded = loadConfig(join(packageRoot, 'config', 'demo.yaml'));
  if (!loaded.ok) throw new Error('the demo town has mistakes');
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-'));
  const clock = new ManualClock(0);
  const config = { ...loaded.config, store: { ...loaded.config.store, path: folder } };
  const store = await openStore(config, systemRandom);
  try {
    reloadMetric(registry, clock);
    workerMetrics(registry, () => ({ ready: 0, starting: 0 }));
    new PortalMetrics(registry);
    const housekeeping = new Housekeeping(store, clock, silentLog);
    readyGauge(registry, housekeeping);
    clockGauge(registry, housekeeping);
    auditGauges(registry, async () => undefined);
    feedbackGauge(registry, async () => ({ open: 0, overdue: 0 }));
    new ServingMetrics(registry);
    new RadiusMetrics(registry, new LiveValue(config), store);
    radsecGauges(registry, { counts: () => new Map(), certificateExpiresAt: undefined });
    controllerMetrics(registry, { overdue: () => 0, isBlind: () => false, unseen: () => 0 });
    trapMetrics(registry);
    new VisitorMetrics(registry);
    const counted = registry
      .getMetricsAsArray()
      .map((metric) => definition.parse(metric))
      .filter(({ name }) => !ofTheProcess.has(name));
    const ofAps = written([...AP_SERIES, ...SAID_SERIES.families], ['ap', 'site']);
    return [...counted, ...ofAps, ...written(SITE_SERIES, ['site'])];
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

/** What the controller writes itself, see runtime/exposition. */
function written(families: readonly Heading[], own: readonly string[]): Metric[] {
  return families.map(({ name, help, type, labelNames = [] }) => ({
    name: PREFIX + name,
    help,
    type,
    labelNames: [...own, ...labelNames],
  }));
}

function names(registry: Registry): string[] {
  return registry.getMetricsAsArray().map(({ name }) => name);
}
