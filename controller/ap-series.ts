import type { HealthState } from '../core/health';
import { type Millis, SECOND } from '../core/time';
import type { Labels } from '../runtime/labels';
import type { Family } from '../runtime/series';
import type { Sample } from './probe/probe';
import type { WatchedAp } from './watched-ap';

const TEXT_LENGTH = 64;

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

function infoLabels(name: string, sample: Sample | undefined): Labels {
  const { vendor = '', model = sample?.description ?? '', firmware = '' } = sample ?? {};
  const short = (text: string): string => text.slice(0, TEXT_LENGTH);
  return { vendor: short(vendor), model: short(model), firmware: short(firmware), name };
}

/** 1 if it works, 0 if not; undefined if nobody knows, or somebody works on it. */
export function works({ state }: WatchedAp): number | undefined {
  return WORKS.get(state);
}

/**
 * Every series of an access point, on /metrics/aps. What it did not say in its last poll has no series: nothing old is
 * shown as present.
 */
export const AP_SERIES: readonly Family<WatchedAp>[] = [
  {
    name: 'ap_info',
    help: 'What an access point is: its name in the configuration, and what it says itself; as model what it calls itself (sysDescr) if it says no more. Always 1.',
    type: 'gauge',
    labelNames: ['name', 'vendor', 'model', 'firmware'],
    show: ({ config, sample }, show) => show(1, infoLabels(config.name, sample)),
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
    show: ({ sample, bootAt }, show) => show(seconds(sample === undefined ? undefined : bootAt)),
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
  {
    name: 'ap_load1',
    help: 'Load average of the access point over one minute.',
    type: 'gauge',
    show: ({ sample }, show) => show(sample?.load1),
  },
  {
    name: 'ap_memory_size_bytes',
    help: 'Memory of the access point.',
    type: 'gauge',
    show: ({ sample }, show) => show(sample?.memory?.totalBytes),
  },
  {
    name: 'ap_memory_available_bytes',
    help: 'Memory of the access point that programs could still get.',
    type: 'gauge',
    show: ({ sample }, show) => show(sample?.memory?.availableBytes),
  },
  {
    name: 'ap_clients',
    help: 'Devices in the radio cells of the access point.',
    type: 'gauge',
    show: ({ sample }, show) => show(sample?.clients),
  },
  {
    name: 'ap_band_clients',
    help: 'Devices in the radio cells of the access point by band, where it tells the bands apart.',
    type: 'gauge',
    labelNames: ['band'],
    show: ({ sample }, show) => {
      for (const [band, clients] of sample?.clientsByBand ?? []) show(clients, { band });
    },
  },
  {
    name: 'ap_channel_utilization_ratio',
    help: 'How much of the time the channel of a radio is busy, whoever sends: from 0 to 1.',
    type: 'gauge',
    labelNames: ['radio', 'band'],
    show: ({ sample }, show) => {
      for (const [radio, { band, channelUtilization }] of sample?.radios ?? [])
        show(channelUtilization, { radio, band });
    },
  },
  {
    name: 'ap_noise_dbm',
    help: 'Noise that a radio hears on its channel, in decibels relative to a milliwatt.',
    type: 'gauge',
    labelNames: ['radio', 'band'],
    show: ({ sample }, show) => {
      for (const [radio, { band, noiseDbm }] of sample?.radios ?? []) show(noiseDbm, { radio, band });
    },
  },
  {
    name: 'ap_network_receive_bytes_total',
    help: 'Bytes that the access point received on its wire (uplink) or by air (wlan) since it started, as it reports them.',
    type: 'counter',
    labelNames: ['device'],
    show: ({ sample }, show) => {
      for (const [device, { receiveOctets }] of sample?.traffic ?? []) show(receiveOctets, { device });
    },
  },
  {
    name: 'ap_network_transmit_bytes_total',
    help: 'Bytes that the access point sent on its wire (uplink) or by air (wlan) since it started, as it reports them.',
    type: 'counter',
    labelNames: ['device'],
    show: ({ sample }, show) => {
      for (const [device, { transmitOctets }] of sample?.traffic ?? []) show(transmitOctets, { device });
    },
  },
  {
    name: 'ap_interface_up',
    help: 'Whether the interface operates (ifOperStatus up or dormant).',
    type: 'gauge',
    labelNames: ['name'],
    show: ({ sample }, show) => {
      for (const [name, { up }] of sample?.interfaces ?? []) show(Number(up), { name });
    },
  },
  {
    name: 'ap_interface_receive_bytes_total',
    help: 'Bytes received on the interface since the access point started, as it reports them.',
    type: 'counter',
    labelNames: ['name'],
    show: ({ sample }, show) => {
      for (const [name, { receiveOctets }] of sample?.interfaces ?? []) show(receiveOctets, { name });
    },
  },
  {
    name: 'ap_interface_transmit_bytes_total',
    help: 'Bytes sent on the interface since the access point started, as it reports them.',
    type: 'counter',
    labelNames: ['name'],
    show: ({ sample }, show) => {
      for (const [name, { transmitOctets }] of sample?.interfaces ?? []) show(transmitOctets, { name });
    },
  },
];
