import { defineProfile } from './profile';

/** What any SNMP agent should know: SNMPv2-MIB (RFC 3418), HOST-RESOURCES-MIB (RFC 2790). Every profile has these, too. */
export const generic = defineProfile({
  id: 'generic',
  match: { objectIds: ['1.3'] },
  scalars: {
    description: ['1.3.6.1.2.1.1.1.0'], // sysDescr
    hostUptimeTicks: ['1.3.6.1.2.1.25.1.1.0'], // hrSystemUptime: the device's, not the agent's
    agentUptimeTicks: ['1.3.6.1.2.1.1.3.0'], // sysUpTime
  },
  uplink: ['wan', 'eth0'],
  wlan: ['wlan', 'phy', 'ath', 'ra', 'wifi'],
});
