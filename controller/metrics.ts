import { Counter, Gauge, Histogram } from 'prom-client';
import { IGNORED, type IgnoredReason, MISS, type MissReason } from '../core/reasons';
import { PREFIX, type Registry } from '../runtime/metrics';

/** What the controller counts itself. Sites and access points are on pages of their own, see pages.ts. */
export interface ControllerMetrics {
  poll(result: 'answered' | MissReason, seconds: number): void;
  ignored(reason: IgnoredReason): void;
}

/** What is read at each scrape. */
export interface MetricsSource {
  overdue(): number;
}

/** Defines the controller's metrics on the registry. */
export function controllerMetrics(registry: Registry, source: MetricsSource): ControllerMetrics {
  const registers = [registry];
  new Gauge({
    name: `${PREFIX}poll_overdue_aps`,
    help: 'Access points whose last poll is more than two intervals ago: the controller cannot keep up.',
    registers,
    collect() {
      this.set(source.overdue());
    },
  });
  const polls = new Counter({
    name: `${PREFIX}snmp_polls_total`,
    help: 'Polls of access points by their result.',
    labelNames: ['result'],
    registers,
  });
  const duration = new Histogram({
    name: `${PREFIX}snmp_poll_duration_seconds`,
    help: 'How long a poll took, with all its requests and retries.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const ignored = new Counter({
    name: `${PREFIX}snmp_ignored_total`,
    help: 'Datagrams that came to the controller and were not read, by the reason.',
    labelNames: ['reason'],
    registers,
  });
  for (const result of ['answered', ...Object.keys(MISS)]) polls.inc({ result }, 0);
  for (const reason of Object.keys(IGNORED)) ignored.inc({ reason }, 0);
  return {
    poll(result, taken) {
      polls.inc({ result });
      duration.observe(taken);
    },
    ignored: (reason) => ignored.inc({ reason }),
  };
}
