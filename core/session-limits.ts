import type { Acceptance } from './decide';
import type { Session } from './session';
import { type Millis, SECOND } from './time';

/**
 * The limits of a session that runs already, counted from its beginning: so gateways count time and octets. What began
 * anew at the gateway under the same name counts from there.
 */
export function limitsFromStart(acceptance: Acceptance, session: Session, now: Millis): Acceptance {
  const life = session.segments.at(-1);
  if (life === undefined) return acceptance;
  const { sessionTimeoutSeconds, remainingOctets } = acceptance;
  // Each difference is one clock's own: the gateway's may be wrong by hours.
  const sinceHeard = Math.max(0, now - session.lastSeenAt);
  const elapsed = Math.max(0, Math.floor((life.lastAt - life.start + sinceHeard) / SECOND));
  return {
    ...acceptance,
    sessionTimeoutSeconds: sessionTimeoutSeconds + elapsed,
    ...(remainingOctets !== undefined && {
      remainingOctets: remainingOctets + life.downloadOctets + life.uploadOctets,
    }),
  };
}
