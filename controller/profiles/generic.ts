import type { Profile } from './profile';

/** What any SNMP agent of a network device should know: SNMPv2-MIB, HOST-RESOURCES-MIB (RFC 2790), IF-MIB (RFC 2863). */
export const generic: Profile = {
  scalars: {
    description: '1.3.6.1.2.1.1.1.0', // sysDescr
    hostUptimeTicks: '1.3.6.1.2.1.25.1.1.0', // hrSystemUptime
    agentUptimeTicks: '1.3.6.1.2.1.1.3.0', // sysUpTime
  },
  columns: {
    name: ['1.3.6.1.2.1.31.1.1.1.1', '1.3.6.1.2.1.2.2.1.2'], // ifName, ifDescr
    receiveOctets: ['1.3.6.1.2.1.31.1.1.1.6', '1.3.6.1.2.1.2.2.1.10'], // ifHCInOctets, ifInOctets
    transmitOctets: ['1.3.6.1.2.1.31.1.1.1.10', '1.3.6.1.2.1.2.2.1.16'], // ifHCOutOctets, ifOutOctets
    operStatus: ['1.3.6.1.2.1.2.2.1.8'], // ifOperStatus
  },
};
