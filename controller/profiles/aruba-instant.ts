import { defineProfile } from './profile';

const AP = '1.3.6.1.4.1.14823.2.3.3.1.2.1.1';
const RADIO = '1.3.6.1.4.1.14823.2.3.3.1.2.2.1';

/** Aruba Instant (AI-AP-MIB): the virtual controller of a cluster answers for all its access points, by hardware address. */
export const arubaInstant = defineProfile({
  id: 'aruba-instant',
  vendor: 'Aruba',
  match: { objectIds: ['1.3.6.1.4.1.14823'], answers: [AP] },
  members: {
    name: `${AP}.2`, // aiAPName
    status: { column: `${AP}.11`, up: 1 }, // aiAPStatus
    scalars: {
      model: [`${AP}.6`], // aiAPModelName
      memoryFreeBytes: [`${AP}.8`], // aiAPMemoryFree
      hostUptimeTicks: [`${AP}.9`], // aiAPUptime
      memoryTotalBytes: [`${AP}.10`], // aiAPTotalMemory
    },
    radios: {
      channel: `${RADIO}.4`, // aiRadioChannel
      noiseDbm: `${RADIO}.6`, // aiRadioNoiseFloor, without its sign
      channelUtilizationPercent: `${RADIO}.8`, // aiRadioUtilization64
      clients: `${RADIO}.21`, // aiRadioClientNum
    },
  },
});
