import type { AccessPoint } from '../../config/schema';
import type { SnmpAccess } from '../../config/snmp';
import type { Clock } from '../../runtime/clock';
import type { Random } from '../../runtime/random';
import { CommunitySecurity } from './snmp-community';
import { KeyMaker } from './snmp-keys';
import type { Security } from './snmp-security';
import { UserSecurity } from './snmp-user';

/** Makes what seals and opens the messages to an access point. Those with one community share one. */
export class Securities {
  readonly #context;
  readonly #communities = new Map<string, CommunitySecurity>();

  constructor(clock: Clock, random: Random) {
    this.#context = { keys: new KeyMaker(), clock, random };
  }

  /** @param townWide  how those are asked that say nothing themselves */
  for({ snmp, community }: AccessPoint, townWide: SnmpAccess | undefined): Security | undefined {
    if (community !== undefined) return this.#community('v2c', community.reveal());
    const access = snmp ?? townWide;
    if (access === undefined) return undefined;
    if (access.version !== 'v3') return this.#community(access.version, access.community.reveal());
    const { user, authentication, authPassword, privacy, privacyPassword } = access;
    const passwords = { authPassword: authPassword.reveal(), privacyPassword: privacyPassword.reveal() };
    return new UserSecurity({ name: user, authentication, privacy, ...passwords }, this.#context);
  }

  #community(version: 'v1' | 'v2c', community: string): CommunitySecurity {
    const key = `${version} ${community}`;
    const known = this.#communities.get(key) ?? new CommunitySecurity(version, community);
    this.#communities.set(key, known);
    return known;
  }
}
