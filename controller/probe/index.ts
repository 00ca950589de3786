import type { IgnoredReason } from '../../core/reasons';
import type { Clock } from '../../runtime/clock';
import type { Prober } from './probe';
import { SnmpProber } from './snmp';

export interface ProbeContext {
  readonly clock: Clock;
  /** Called for each datagram that was not read. */
  readonly onIgnored: (reason: IgnoredReason) => void;
}

export type OpenProber = (context: ProbeContext) => Prober;

/** The prober for the access points of a town. All speak SNMP v2c today; another kind of poll is chosen here by the access point. */
export const openProber: OpenProber = (context) => new SnmpProber(context);
