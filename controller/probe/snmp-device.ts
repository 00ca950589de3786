import { HOUR } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import type { Profile } from '../profiles/profile';
import type { Sample } from './probe';
import { matching, readSigns, type Signs } from './snmp-match';
import { type Answers, ask, narrowed, type Plan, wholePlan } from './snmp-plan';
import { toSample } from './snmp-sample';
import type { Security } from './snmp-security';
import type { SnmpSession } from './snmp-session';
import { SnmpFault } from './snmp-transport';
import { unsignedOf } from './snmp-values';

/** How long what was found out about a device is believed: a script may have been added to it since. */
const LEARN_EVERY_MS = HOUR;

export interface DeviceOptions {
  readonly security: Security;
  /** The profiles it may have, the last of which fits every device. */
  readonly profiles: readonly Profile[];
  /** Its profile, if the configuration names one. */
  readonly profile?: string | undefined;
  readonly member?: string | undefined;
}

/** One access point as it is known from earlier polls: which profile fits, and what of it the device answers. */
export class Device {
  readonly security: Security;
  /** What it was taken for, and by which signs; undefined as long as it never answered. */
  found: { readonly profile: Profile; readonly signs: Signs } | undefined;
  readonly #options: DeviceOptions;
  readonly #clock: Clock;
  #plan: Plan | undefined;
  #learnedAt = 0;
  #uptimeSeconds = 0;

  constructor(options: DeviceOptions, clock: Clock) {
    this.security = options.security;
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * Asks everything that is known to be there; the first time, and then every hour, whatever might be.
   * @throws SnmpFault
   */
  async poll(session: SnmpSession): Promise<Sample> {
    const now = this.#clock.monotonic();
    const isFresh = this.#plan !== undefined && now - this.#learnedAt < LEARN_EVERY_MS;
    const plan = isFresh && this.#plan !== undefined ? this.#plan : await this.#learn(session);
    const answers = await ask(session, plan);
    checkStatus(plan, answers);
    const sample = toSample(plan, answers);
    if (!isFresh && answers.isComplete) {
      this.#plan = narrowed(plan, answers);
      this.#learnedAt = now;
    }
    // It started anew, perhaps with other firmware.
    if (isFresh && (sample.uptime?.seconds ?? 0) < this.#uptimeSeconds) this.forget();
    this.#uptimeSeconds = sample.uptime?.seconds ?? 0;
    return sample;
  }

  /** After a miss: who answers next time may be another device. */
  forget(): void {
    this.#plan = undefined;
  }

  async #learn(session: SnmpSession): Promise<Plan> {
    const { profiles, profile: wanted, member } = this.#options;
    const signs = await readSigns(session, profiles);
    const profile = profiles.find(({ id }) => id === wanted) ?? matching(profiles, signs);
    if (profile === undefined) throw new Error('no profile fits every device');
    this.found = { profile, signs };
    return wholePlan(session, profile, member);
  }
}

function checkStatus({ status }: Plan, { values }: Answers): void {
  if (status === undefined) return;
  const told = unsignedOf(values.get(status.oid));
  if (told === undefined) throw new SnmpFault('member-unknown');
  if (told !== status.up) throw new SnmpFault('member-down');
}
