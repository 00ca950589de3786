import { Counter, Gauge, Histogram } from 'prom-client';
import { IGNORED, type IgnoredReason, MISS, type MissReason } from '../core/reasons';
import { PREFIX, type Registry } from '../runtime/metrics';
import { PROTOCOLS, type Protocol } from './probe/probe';

/** What the controller counts itself. Sites and access points are on pages of their own, see pages.ts. */
export interface ControllerMetrics {
  poll(kind: Protocol, result: 'answered' | MissReason, seconds: number): void;
  ignored(reason: IgnoredReason): void;
}

/** What is read at each scrape. */
export interface MetricsSource {
  overdue(): number;
  isBlind(): boolean;
  unseen(): number;
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
  new Gauge({
    name: `${PREFIX}controller_blind`,
    help: 'Whether the controller itself is cut off, so that it knows of no access point whether it works: 1 or 0.',
    registers,
    collect() {
      this.set(Number(source.isBlind()));
    },
  });
  new Gauge({
    name: `${PREFIX}unseen_aps`,
    help: 'Access points to which the controller itself has no way, while others answer.',
    registers,
    collect() {
      this.set(source.unseen());
    },
  });
  const polls = new Counter({
    name: `${PREFIX}polls_total`,
    help: 'Polls of access points by protocol and result.',
    labelNames: ['kind', 'result'],
    registers,
  });
  const duration = new Histogram({
    name: `${PREFIX}poll_duration_seconds`,
    help: 'How long a poll took by protocol, with all its requests and retries.',
    labelNames: ['kind'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const ignored = new Counter({
    name: `${PREFIX}poll_ignored_datagrams_total`,
    help: 'Datagrams that came to the controller and were not read, by the reason.',
    labelNames: ['reason'],
    registers,
  });
  for (const kind of PROTOCOLS) for (const result of ['answered', ...Object.keys(MISS)]) polls.inc({ kind, result }, 0);
  for (const reason of Object.keys(IGNORED)) ignored.inc({ reason }, 0);
  return {
    poll(kind, result, taken) {
      polls.inc({ kind, result });
      duration.observe({ kind }, taken);
    },
    ignored: (reason) => ignored.inc({ reason }),
  };
}
