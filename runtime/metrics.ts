import { collectDefaultMetrics, Registry } from 'prom-client';

/** How long a page of metrics waits for the store: while that hangs, the page is what tells of it. */
export const SCRAPE_PATIENCE_MS = 1_000;

/** Every metric of the product begins like this. */
export const PREFIX = 'stadtfunk_';

/**
 * The only label names there are. None of them can name a device, a visitor or a session, and each has few values, all
 * from the configuration or from a closed list. test/architecture holds every metric against this list.
 */
export const LABELS = [
  'site',
  'ap',
  'gateway',
  'kind',
  'reason',
  'result',
  'code',
  'direction',
  'language',
  'state',
  'role',
  'operation',
  'name',
  'vendor',
  'model',
  'firmware',
  'band',
  'radio',
  /** `uplink` or `wlan` of an access point, never a visitor's. */
  'device',
  'le',
] as const;

export type { Registry } from 'prom-client';

/** A registry with the figures of the process itself (memory, event loop, garbage collection). */
export function createMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  // Gauges with the name of a counter, and no more than the sums of the series beside them.
  for (const what of ['handles', 'requests', 'resources']) {
    registry.removeSingleMetric(`${PREFIX}nodejs_active_${what}_total`);
  }
  return registry;
}
