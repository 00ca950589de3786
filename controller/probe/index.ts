import type { AccessPoint } from '../../config/schema';
import type { ProbeContext, Prober, Protocol } from './probe';
import { RespondDProber } from './respondd';
import { SnmpProber } from './snmp';

export type OpenProber = (context: ProbeContext) => Prober;

export function protocolOf(ap: AccessPoint): Protocol {
  return ap.respondd === undefined ? 'snmp' : 'respondd';
}

/** The prober for the access points of a town: each is asked by SNMP or, if it is a Freifunk node, by respondd. */
export const openProber: OpenProber = (context) => {
  const probers: Readonly<Record<Protocol, Prober>> = {
    snmp: new SnmpProber(context),
    respondd: new RespondDProber(context),
  };
  return {
    probe: (ap, signal) => probers[protocolOf(ap)].probe(ap, signal),
    close: async () => {
      await Promise.all(Object.values(probers).map((prober) => prober.close()));
    },
  };
};
