import type { Oid } from '../probe/snmp-ber';

/** The columns of the interface table we ask for. */
export type ColumnName = 'name' | 'receiveOctets' | 'transmitOctets' | 'operStatus';

/** IF-MIB (RFC 2863). The first column that has rows counts; the next one is only asked for when it has none. */
export const INTERFACES: Readonly<Record<ColumnName, readonly Oid[]>> = {
  name: ['1.3.6.1.2.1.31.1.1.1.1', '1.3.6.1.2.1.2.2.1.2'], // ifName, ifDescr
  receiveOctets: ['1.3.6.1.2.1.31.1.1.1.6', '1.3.6.1.2.1.2.2.1.10'], // ifHCInOctets, ifInOctets
  transmitOctets: ['1.3.6.1.2.1.31.1.1.1.10', '1.3.6.1.2.1.2.2.1.16'], // ifHCOutOctets, ifOutOctets
  operStatus: ['1.3.6.1.2.1.2.2.1.8'], // ifOperStatus
};
