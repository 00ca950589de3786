import { type Millis, SECOND } from './time';

/** Both uptimes of SNMP are 32-bit hundredths of a second and start again after 497 days. */
const UPTIME_WRAP_SECONDS = 2 ** 32 / 100;
const SAME_BOOT_SECONDS = 60;

/** `agent`: only the age of the SNMP agent is known, which a restart of the agent alone resets. */
export interface Uptime {
  readonly seconds: number;
  readonly source: 'host' | 'agent';
}

/**
 * When a device started, by its own account. The former moment as long as the uptime agrees with it, also across its
 * wrap: otherwise it would jitter or jump.
 */
export function bootMoment(former: Millis | undefined, uptime: Uptime, at: Millis): Millis {
  if (former !== undefined) {
    const expected = ((at - former) / SECOND) % UPTIME_WRAP_SECONDS;
    const apart = Math.abs(expected - uptime.seconds);
    if (Math.min(apart, UPTIME_WRAP_SECONDS - apart) < SAME_BOOT_SECONDS) return former;
  }
  return at - uptime.seconds * SECOND;
}
