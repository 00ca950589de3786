import { Counter, Gauge, Histogram } from 'prom-client';
import { HEALTH_STATES } from '../core/health';
import { IGNORED, type IgnoredReason, MISS, type MissReason } from '../core/reasons';
import { type Millis, SECOND } from '../core/time';
import { PREFIX, type Registry } from '../runtime/metrics';
import type { WatchedAp } from './watched-ap';

/** What the controller counts itself; everything else is read when Prometheus asks. */
export interface ControllerMetrics {
  poll(result: 'answered' | MissReason, seconds: number): void;
  ignored(reason: IgnoredReason): void;
}

/** Where the figures of the access points are read at each scrape: one that was removed has no series any more. */
export interface MetricsSource {
  accessPoints(): Iterable<WatchedAp>;
  overdue(): number;
}

const VERSION_LENGTH = 64;

/** Labels beyond `ap` and `site`, and the value. */
type Point = readonly [labels: Readonly<Record<string, string>>, value: number | undefined];

interface Series {
  readonly name: string;
  readonly help: string;
  readonly counter?: true;
  readonly labels?: readonly string[];
  readonly points: (ap: WatchedAp) => Iterable<Point>;
}

/** A series with no labels but `ap` and `site`. */
function single(value: (ap: WatchedAp) => number | undefined): (ap: WatchedAp) => Iterable<Point> {
  return (ap) => [[{}, value(ap)]];
}

/** Timestamps of Prometheus are in seconds. */
function seconds(at: Millis | undefined): number | undefined {
  return at === undefined ? undefined : at / SECOND;
}

/** Every series of an access point. What it did not say in its last poll has no series: nothing old is shown as present. */
const SERIES: readonly Series[] = [
  {
    name: 'ap_info',
    help: 'What an access point is: its name in the configuration and, as version, what it calls itself (sysDescr). Always 1.',
    labels: ['name', 'version'],
    points: ({ config, sample }) => [
      [{ name: config.name, version: (sample?.description ?? '').slice(0, VERSION_LENGTH) }, 1],
    ],
  },
  {
    name: 'ap_up',
    help: 'Whether the access point works: 1 until it is certainly down, then 0. Absent as long as it was never seen.',
    points: single(({ health }) => (health.state === 'unknown' ? undefined : Number(health.state !== 'down'))),
  },
  {
    name: 'ap_state',
    help: 'The state of the access point: 1 for the one it is in, 0 for the others.',
    labels: ['state'],
    points: ({ health }) => HEALTH_STATES.map((state): Point => [{ state }, Number(state === health.state)]),
  },
  {
    name: 'ap_state_since_timestamp_seconds',
    help: 'Since when the access point has been up, down or unknown, dated to the first poll that showed it.',
    points: single(({ health }) => seconds(health.since)),
  },
  {
    name: 'ap_last_seen_timestamp_seconds',
    help: 'When the access point last answered a poll.',
    points: single(({ health }) => seconds(health.lastSeenAt)),
  },
  {
    name: 'ap_boot_time_seconds',
    help: 'When the access point started, by its own account: hrSystemUptime, or sysUpTime where there is none.',
    points: single(({ sample, bootAt }) => seconds(sample === undefined ? undefined : bootAt)),
  },
  {
    name: 'ap_outages_total',
    help: 'Outages of the access point that began since this process started.',
    counter: true,
    points: single(({ outages }) => outages),
  },
  {
    name: 'ap_outage_seconds_total',
    help: 'Time the access point was down since this process started, with a running outage up to its last missed poll.',
    counter: true,
    points: single(({ outageSeconds }) => outageSeconds),
  },
  {
    name: 'ap_load1',
    help: 'Load average of the access point over one minute.',
    points: single(({ sample }) => sample?.load1),
  },
  {
    name: 'ap_memory_size_bytes',
    help: 'Memory of the access point.',
    points: single(({ sample }) => sample?.memory?.totalBytes),
  },
  {
    name: 'ap_memory_available_bytes',
    help: 'Memory of the access point that programs could still get.',
    points: single(({ sample }) => sample?.memory?.availableBytes),
  },
  {
    name: 'ap_clients',
    help: 'Devices in the radio cells of the access point.',
    points: single(({ sample }) => sample?.clients),
  },
  {
    name: 'ap_network_up',
    help: 'Whether the interface operates (ifOperStatus up or dormant).',
    labels: ['name'],
    points: ({ sample }) => [...(sample?.interfaces ?? [])].map(([name, { up }]): Point => [{ name }, Number(up)]),
  },
  {
    name: 'ap_network_receive_bytes_total',
    help: 'Bytes received on the interface since the access point started, as it reports them.',
    counter: true,
    labels: ['name'],
    points: ({ sample }) =>
      [...(sample?.interfaces ?? [])].map(([name, { receiveOctets }]): Point => [{ name }, receiveOctets]),
  },
  {
    name: 'ap_network_transmit_bytes_total',
    help: 'Bytes sent on the interface since the access point started, as it reports them.',
    counter: true,
    labels: ['name'],
    points: ({ sample }) =>
      [...(sample?.interfaces ?? [])].map(([name, { transmitOctets }]): Point => [{ name }, transmitOctets]),
  },
];

/** Defines the controller's metrics on the registry. */
export function controllerMetrics(registry: Registry, source: MetricsSource): ControllerMetrics {
  for (const series of SERIES) define(registry, series, source);
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

function define(registry: Registry, series: Series, source: MetricsSource): void {
  const options = {
    name: PREFIX + series.name,
    help: series.help,
    labelNames: ['ap', 'site', ...(series.labels ?? [])],
    registers: [registry],
  };
  const each = (show: (labels: Record<string, string>, value: number) => void): void => {
    for (const ap of source.accessPoints()) {
      const { id, site } = ap.config;
      for (const [labels, value] of series.points(ap))
        if (value !== undefined) show({ ap: id, site, ...labels }, value);
    }
  };
  // A counter here is told its value, because the access point counts; prom-client only lets it be raised from zero.
  if (series.counter) {
    new Counter({
      ...options,
      collect() {
        this.reset();
        each((labels, value) => this.inc(labels, value));
      },
    });
  } else {
    new Gauge({
      ...options,
      collect() {
        this.reset();
        each((labels, value) => this.set(labels, value));
      },
    });
  }
}
