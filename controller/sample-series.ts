import type { Family } from '../runtime/series';
import type { Sample } from './probe/probe';

/** Every series of what an access point said in a poll. What it did not say has none. */
export const SAMPLE_SERIES: readonly Family<Sample>[] = [
  {
    name: 'ap_load1',
    help: 'Load average of the access point over one minute.',
    type: 'gauge',
    show: (sample, show) => show(sample.load1),
  },
  {
    name: 'ap_memory_size_bytes',
    help: 'Memory of the access point.',
    type: 'gauge',
    show: (sample, show) => show(sample.memory?.totalBytes),
  },
  {
    name: 'ap_memory_available_bytes',
    help: 'Memory of the access point that programs could still get.',
    type: 'gauge',
    show: (sample, show) => show(sample.memory?.availableBytes),
  },
  {
    name: 'ap_clients',
    help: 'Devices in the radio cells of the access point.',
    type: 'gauge',
    show: (sample, show) => show(sample.clients),
  },
  {
    name: 'ap_band_clients',
    help: 'Devices in the radio cells of the access point by band, where it tells the bands apart.',
    type: 'gauge',
    labelNames: ['band'],
    show: (sample, show) => {
      for (const [band, clients] of sample.clientsByBand ?? []) show(clients, { band });
    },
  },
  {
    name: 'ap_channel_utilization_ratio',
    help: 'How much of the time the channel of a radio is busy, whoever sends: from 0 to 1.',
    type: 'gauge',
    labelNames: ['radio', 'band'],
    show: (sample, show) => {
      for (const [radio, { band, channelUtilization }] of sample.radios ?? [])
        show(channelUtilization, { radio, band });
    },
  },
  {
    name: 'ap_noise_dbm',
    help: 'Noise that a radio hears on its channel, in decibels relative to a milliwatt.',
    type: 'gauge',
    labelNames: ['radio', 'band'],
    show: (sample, show) => {
      for (const [radio, { band, noiseDbm }] of sample.radios ?? []) show(noiseDbm, { radio, band });
    },
  },
  {
    name: 'ap_network_receive_bytes_total',
    help: 'Bytes that the access point received on its wire (uplink) or by air (wlan) since it started, as it reports them.',
    type: 'counter',
    labelNames: ['device'],
    show: (sample, show) => {
      for (const [device, { receiveOctets }] of sample.traffic ?? []) show(receiveOctets, { device });
    },
  },
  {
    name: 'ap_network_transmit_bytes_total',
    help: 'Bytes that the access point sent on its wire (uplink) or by air (wlan) since it started, as it reports them.',
    type: 'counter',
    labelNames: ['device'],
    show: (sample, show) => {
      for (const [device, { transmitOctets }] of sample.traffic ?? []) show(transmitOctets, { device });
    },
  },
  {
    name: 'ap_interface_up',
    help: 'Whether the interface operates (ifOperStatus up or dormant).',
    type: 'gauge',
    labelNames: ['name'],
    show: (sample, show) => {
      for (const [name, { up }] of sample.interfaces) show(Number(up), { name });
    },
  },
  {
    name: 'ap_interface_receive_bytes_total',
    help: 'Bytes received on the interface since the access point started, as it reports them.',
    type: 'counter',
    labelNames: ['name'],
    show: (sample, show) => {
      for (const [name, { receiveOctets }] of sample.interfaces) show(receiveOctets, { name });
    },
  },
  {
    name: 'ap_interface_transmit_bytes_total',
    help: 'Bytes sent on the interface since the access point started, as it reports them.',
    type: 'counter',
    labelNames: ['name'],
    show: (sample, show) => {
      for (const [name, { transmitOctets }] of sample.interfaces) show(transmitOctets, { name });
    },
  },
];
