import { defineProfile } from './profile';

const UNIFI = '1.3.6.1.4.1.41112.1.6';

/**
 * UniFi access points (UBNT-UniFi-MIB). Newer ones call themselves a Linux with net-snmp, so only what answers tells
 * them. Some have load and memory of older MIBs as well.
 */
export const unifi = defineProfile({
  id: 'unifi',
  vendor: 'Ubiquiti',
  match: { answers: [`${UNIFI}.3`] },
  scalars: {
    load1Hundredths: ['1.3.6.1.4.1.2021.10.1.5.1', '1.3.6.1.4.1.10002.1.1.1.4.2.1.3.1'], // laLoadInt, FROGFOOT loadValue
    memoryTotalKibibytes: ['1.3.6.1.4.1.10002.1.1.1.1.1.0', '1.3.6.1.4.1.2021.4.5.0'], // FROGFOOT memTotal, memTotalReal
    memoryFreeKibibytes: ['1.3.6.1.4.1.10002.1.1.1.1.2.0', '1.3.6.1.4.1.2021.4.6.0'],
    model: [`${UNIFI}.3.3.0`], // unifiApSystemModel
    firmware: [`${UNIFI}.3.6.0`], // unifiApSystemVersion
  },
  radios: [
    {
      name: `${UNIFI}.1.1.1.3`, // unifiRadioRadio
      band: { column: `${UNIFI}.1.1.1.3`, is: { ng: '2.4', na: '5', '6e': '6' } },
      channelUtilizationPercent: `${UNIFI}.1.1.1.6`, // unifiRadioCuTotal
    },
    {
      name: `${UNIFI}.1.2.1.9`, // unifiVapRadio: a row for each network on each radio
      band: { column: `${UNIFI}.1.2.1.9`, is: { ng: '2.4', na: '5', '6e': '6' } },
      clients: `${UNIFI}.1.2.1.8`, // unifiVapNumStations
    },
  ],
  uplink: ['eth0'],
  wlan: ['ath', 'wifi', 'ra'],
});
