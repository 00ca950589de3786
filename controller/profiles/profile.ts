import { type Profile, type ProfileData, snmpProfile } from '../../config/snmp-profile';

export type { Profile, RadioTable, ScalarName, ValueSource } from '../../config/snmp-profile';
export { SCALARS } from '../../config/snmp-profile';

/** A profile of the product: the same schema as one that a town writes, with what every network device should know. */
export function defineProfile(data: ProfileData): Profile {
  return snmpProfile.parse(data);
}
