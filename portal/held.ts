import type { Site } from '../config/schema';
import { nextDay } from '../core/pseudonym';
import { dayCount } from '../core/rules';
import { type Session, usageOf } from '../core/session';
import type { EndOrder } from '../core/session-end';
import { MINUTE, type Millis, SECOND } from '../core/time';
import type { HeldRecords } from '../store/store';
import type { Connection } from './connection';
import { type Portal, storing } from './portal';

/** Everything that is kept about a connection (Art. 15 GDPR). */
export interface Held extends HeldRecords {
  readonly site: Site | undefined;
  /** Orders to end its sessions. */
  readonly orders: readonly EndOrder[];
  /** When the key of its device's pseudonym is destroyed at the latest; only as long as there is a pseudonym. */
  readonly keyEndsAt?: Millis;
  /** Where the day counts: until then the pseudonym stays with what was used, also after everything else is deleted. */
  readonly dayEndsAt?: Millis;
}

/** The store looks every five minutes for keys that have had their time; twice that is certain. */
const FORGETTING = 10 * MINUTE;

export async function heldAbout({ store, town, clock }: Portal, { grant: id, gateway }: Connection): Promise<Held> {
  const { grant, usedBefore, sessions } = await storing(store.recordsOf(id));
  const orders = await storing(Promise.all(sessions.map((session) => store.getEnd(session))));
  const site = town.sites.get(grant?.site ?? town.adapters.get(gateway)?.site ?? '');
  const dayEndsAt = site && dayCount(site.rules) && nextDay(clock.now(), town.config.town.timeZone);
  const held = {
    ...{
      site,
      sessions,
      orders: orders.filter((order) => order !== undefined).filter(({ kind }) => kind === undefined),
    },
    ...(dayEndsAt !== undefined && { dayEndsAt }),
  };
  if (grant === undefined) return held;
  // Until its day is over others may be given access under the same key, for as long as the site allows.
  const longest = (site?.rules.sessionSeconds ?? 0) * SECOND;
  const dayEnds = nextDay(grant.acceptedAt, town.config.town.timeZone);
  const before = usedBefore === undefined ? {} : { usedBefore };
  return { ...held, ...before, grant, keyEndsAt: Math.max(grant.expiresAt, dayEnds + longest) + FORGETTING };
}

/** The same for a program (Art. 20 GDPR): plain names, octets, times in UTC. */
export function heldAsJson({ grant, usedBefore, sessions, orders, site, keyEndsAt, dayEndsAt }: Held): object {
  return {
    acceptance: grant && {
      number: grant.id,
      site: site?.name ?? grant.site,
      gateway: grant.gateway,
      acceptedAt: iso(grant.acceptedAt),
      termsVersion: grant.termsVersion,
      validUntil: iso(grant.expiresAt),
      octetsUsed: grant.usedOctets,
    },
    device: keyEndsAt === undefined ? undefined : { pseudonym: 'kept, not shown', keyDestroyedBefore: iso(keyEndsAt) },
    usedBeforeToday: usedBefore,
    dayUseKeptUntil: dayEndsAt === undefined ? undefined : iso(dayEndsAt),
    sessions: sessions.map(sessionAsJson),
    endOrders: orders.map(({ gateway, sessionId, orderedAt, settled }) => ({
      ...{ gateway, number: sessionId, orderedAt: iso(orderedAt) },
      result: settled?.result ?? 'under-way',
    })),
  };
}

function sessionAsJson(session: Session): object {
  const { seconds, downloadOctets, uploadOctets } = usageOf(session);
  return {
    gateway: session.gateway,
    number: session.sessionId,
    userName: session.username,
    startedAt: iso(startOf(session)),
    lastReportAt: iso(session.lastSeenAt),
    ...{ seconds, downloadOctets, uploadOctets },
  };
}

export function startOf({ segments, lastSeenAt }: Session): Millis {
  return segments[0]?.start ?? lastSeenAt;
}

function iso(at: Millis): string {
  return new Date(at).toISOString();
}
