import { defineProfile } from './profile';

const AIRMAX = '1.3.6.1.4.1.41112.1.4';

/** airOS of Ubiquiti (UBNT-AirMAX-MIB): links and outdoor access points. Model and version are in IEEE802dot11-MIB. */
export const airos = defineProfile({
  id: 'airos',
  vendor: 'Ubiquiti',
  match: { objectIds: ['1.3.6.1.4.1.10002', '1.3.6.1.4.1.41112'], answers: [AIRMAX] },
  scalars: {
    load1Hundredths: ['1.3.6.1.4.1.10002.1.1.1.4.2.1.3.1'], // FROGFOOT loadValue
    memoryTotalKibibytes: ['1.3.6.1.4.1.10002.1.1.1.1.1.0'], // FROGFOOT memTotal
    memoryFreeKibibytes: ['1.3.6.1.4.1.10002.1.1.1.1.2.0'], // FROGFOOT memFree
    model: [{ below: '1.2.840.10036.3.1.2.1.3' }], // dot11manufacturerProductName
    firmware: [{ below: '1.2.840.10036.3.1.2.1.4' }], // dot11manufacturerProductVersion
  },
  radios: [
    {
      frequencyMhz: `${AIRMAX}.1.1.4`, // ubntRadioFreq
      noiseDbm: `${AIRMAX}.5.1.8`, // ubntWlStatNoiseFloor
      clients: `${AIRMAX}.5.1.15`, // ubntWlStatStaCount
      channelUtilizationPermille: `${AIRMAX}.6.1.7`, // ubntAirMaxAirtime: what its own cell uses
    },
  ],
  uplink: ['eth0'],
  wlan: ['ath', 'wifi'],
});
