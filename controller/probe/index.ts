import type { ProbeContext, Prober } from './probe';
import { SnmpProber } from './snmp';

export type OpenProber = (context: ProbeContext) => Prober;

/** The prober for the access points of a town. All speak SNMP v2c today; another kind of poll is chosen here by the access point. */
export const openProber: OpenProber = (context) => new SnmpProber(context);
