import { defineProfile } from './profile';

const WIRELESS = '1.3.6.1.4.1.14988.1.1.1.3.1';

/** RouterOS of MikroTik (MIKROTIK-MIB). Memory is the first row of hrStorageTable, in KiB. */
export const mikrotik = defineProfile({
  id: 'mikrotik',
  vendor: 'MikroTik',
  match: { objectIds: ['1.3.6.1.4.1.14988'] },
  scalars: {
    memoryTotalKibibytes: ['1.3.6.1.2.1.25.2.3.1.5.65536'], // hrStorageSize of "main memory"
    memoryUsedKibibytes: ['1.3.6.1.2.1.25.2.3.1.6.65536'], // hrStorageUsed
    model: [{ oid: '1.3.6.1.2.1.1.1.0', pattern: '^RouterOS (.+)$' }],
    firmware: ['1.3.6.1.4.1.14988.1.1.4.4.0'], // mtxrLicVersion
  },
  // mtxrWlApTable, by ifIndex
  radios: [{ clients: `${WIRELESS}.6`, frequencyMhz: `${WIRELESS}.7`, noiseDbm: `${WIRELESS}.9` }],
  uplink: ['ether1', 'sfp1'],
  wlan: ['wlan', 'wifi', 'cap'],
});
