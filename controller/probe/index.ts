import type { AccessPoint } from '../../config/schema';
import type { ProbeContext, Prober } from './probe';
import { RespondDProber } from './respondd';
import { SnmpProber } from './snmp';

export type OpenProber = (context: ProbeContext) => Prober;

/** The prober for the access points of a town: each is asked by SNMP or, if it is a Freifunk node, by respondd. */
export const openProber: OpenProber = (context) => {
  const snmp = new SnmpProber(context);
  const respondd = new RespondDProber(context);
  const proberOf = (ap: AccessPoint): Prober => (ap.respondd === undefined ? snmp : respondd);
  return {
    probe: (ap, signal) => proberOf(ap).probe(ap, signal),
    close: async () => {
      await Promise.all([snmp.close(), respondd.close()]);
    },
  };
};
