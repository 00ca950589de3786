import type { HealthState } from '../core/health';
import { type Millis, SECOND } from '../core/time';
import type { Kept } from '../runtime/figures';
import type { Family } from '../runtime/series';
import { SAMPLE_SERIES } from './sample-series';
import type { WatchedAp } from './watched-ap';

/** Whether it works; undefined where nobody can say, or nobody asks, because somebody works on it. */
const WORKS: ReadonlyMap<HealthState, number> = new Map([
  ['up', 1],
  ['suspect', 1],
  ['down', 0],
  ['parent-down', 0],
]);

/** Timestamps of Prometheus are in seconds. */
function seconds(at: Millis | undefined): number | undefined {
  return at === undefined ? undefined : at / SECOND;
}

/** 1 if it works, 0 if not; undefined if nobody knows, or somebody works on it. */
export function works({ state }: WatchedAp): number | undefined {
  return WORKS.get(state);
}

/**
 * What the controller knows of an access point, on /metrics/aps. What that said itself in its last poll comes after it,
 * see sample-series.
 */
export const AP_SERIES: readonly Family<WatchedAp>[] = [
  {
    name: 'ap_info',
    help: 'What an access point is: its name in the configuration, and what it says itself; as model what it calls itself (sysDescr) if it says no more. Always 1.',
    type: 'gauge',
    labelNames: ['name', 'vendor', 'model', 'firmware'],
    show: ({ config: { name }, said }, show) => {
      const { vendor = '', model = '', firmware = '' } = said ?? {};
      show(1, { vendor, model, firmware, name });
    },
  },
  {
    name: 'ap_up',
    help: 'Whether the access point works: 1 until it is certainly down, then 0. Absent if nobody knows: never seen, only its agent silent, or in maintenance.',
    type: 'gauge',
    show: (ap, show) => show(works(ap)),
  },
  {
    name: 'ap_state',
    help: 'The state that the access point is in. Always 1.',
    type: 'gauge',
    labelNames: ['state'],
    show: ({ state }, show) => show(1, { state }),
  },
  {
    name: 'ap_state_since_timestamp_seconds',
    help: 'Since when the access point has been up, down or unknown, dated to the first poll that showed it.',
    type: 'gauge',
    show: ({ health }, show) => show(seconds(health.since)),
  },
  {
    name: 'ap_last_seen_timestamp_seconds',
    help: 'When the access point last answered a poll.',
    type: 'gauge',
    show: ({ health }, show) => show(seconds(health.lastSeenAt)),
  },
  {
    name: 'ap_boot_time_seconds',
    help: 'When the access point started, by its own account: hrSystemUptime, or sysUpTime where there is none.',
    type: 'gauge',
    show: ({ said, bootAt }, show) => show(seconds(said === undefined ? undefined : bootAt)),
  },
  {
    name: 'ap_outages_total',
    help: 'Outages of the access point that began since this process started.',
    type: 'counter',
    show: ({ outages }, show) => show(outages),
  },
  {
    name: 'ap_outage_seconds_total',
    help: 'Time the access point was down since this process started, with a running outage up to its last missed poll.',
    type: 'counter',
    show: ({ outageSeconds }, show) => show(outageSeconds),
  },
  {
    name: 'ap_outage',
    help: 'An outage that lasts, by its reason as far as it is known by now: uplink, agent (only its agent is silent), unseen (the controller has no way to it) or unknown. Always 1.',
    type: 'gauge',
    labelNames: ['reason'],
    show: ({ outageReason }, show) => {
      if (outageReason !== undefined) show(1, { reason: outageReason });
    },
  },
  {
    name: 'ap_last_outage_end_timestamp_seconds',
    help: 'When the last outage ended, by its reason: power, network, uplink, agent, unseen or unknown. Absent if none ended since this process started.',
    type: 'gauge',
    labelNames: ['reason'],
    show: ({ lastOutage }, show) => {
      if (lastOutage !== undefined) show(seconds(lastOutage.to), { reason: lastOutage.reason });
    },
  },
  {
    name: 'ap_flapping',
    help: 'Whether the access point went down and came up five times within half an hour: 1 or 0.',
    type: 'gauge',
    show: ({ isFlapping }, show) => show(Number(isFlapping)),
  },
];

/** What it said itself in its last poll. What it did not say has no series: nothing old is shown as present. */
export const SAID_SERIES: Kept<WatchedAp> = { families: SAMPLE_SERIES, rowOf: ({ said }) => said?.row };
