import type { GatewayId, GrantId, SiteId } from './ids';
import { addOctets, type Octets } from './octets';
import { INTERIM_SECONDS } from './rules';
import { MINUTE, type Millis, SECOND } from './time';

/** A session's record stays this long after its end, so that a late or repeated packet is recognised. */
export const SESSION_AFTERGLOW_MS = 5 * MINUTE;

/** A gateway that missed three of its reports has lost the session. */
export const SESSION_SILENCE_MS = 3 * INTERIM_SECONDS * SECOND;

/** One accounting packet about one session, in our words. What a gateway does not say is undefined. */
export interface AccountingEvent {
  readonly kind: 'start' | 'interim' | 'stop';
  readonly gateway: GatewayId;
  readonly site: SiteId;
  /** Acct-Session-Id: with the gateway it names the session. */
  readonly sessionId: string;
  /** The gateway gives no id twice: what it tells under one is of one life, whatever clocks say. */
  readonly idIsUnique?: boolean;
  /** From the Class attribute, if the gateway returns it. */
  readonly grantId?: GrantId | undefined;
  /** From the User-Name attribute, if it is a word that we made; never a device address. */
  readonly username?: string | undefined;
  /** When it happened at the gateway. */
  readonly eventAt: Millis;
  /** When we received it. */
  readonly receivedAt: Millis;
  /** Acct-Session-Time. */
  readonly seconds?: number | undefined;
  readonly downloadOctets?: Octets | undefined;
  readonly uploadOctets?: Octets | undefined;
}

/**
 * A stretch in which the gateway's counters only grew. A gateway may start over under the same session id
 * (hostapd: Start, Stop, Start, Interim, Stop); each such life is a segment of its own, and their sum is the session.
 */
export interface Segment {
  readonly start: Millis;
  readonly lastAt: Millis;
  /** The latest Stop. Something later in the same life means that it went on. */
  readonly stoppedAt?: Millis;
  readonly seconds: number;
  readonly downloadOctets: Octets;
  readonly uploadOctets: Octets;
}

export interface Session {
  readonly gateway: GatewayId;
  readonly site: SiteId;
  readonly sessionId: string;
  readonly grantId?: GrantId;
  /** A word that we made: CoovaChilli wants it back when it is to end the session. */
  readonly username?: string;
  readonly lastSeenAt: Millis;
  /** By their start. Never empty. */
  readonly segments: readonly Segment[];
  /** What older segments had counted when there were too many of them. */
  readonly earlier: Usage;
}

/** Seconds online and octets each way. */
export interface Usage {
  readonly seconds: number;
  readonly downloadOctets: Octets;
  readonly uploadOctets: Octets;
}

/** Event-Timestamp counts whole seconds, and a packet may wait a moment before it is sent. */
const START_TOLERANCE = 5 * SECOND;
const MAX_SEGMENTS = 8;
const NOTHING: Usage = { seconds: 0, downloadOctets: 0, uploadOctets: 0 };

function sum(a: Usage, b: Usage): Usage {
  return {
    seconds: a.seconds + b.seconds,
    downloadOctets: addOctets(a.downloadOctets, b.downloadOctets),
    uploadOctets: addOctets(a.uploadOctets, b.uploadOctets),
  };
}

/** Everything the session has used, over all its segments. */
export function usageOf(session: Session): Usage {
  return session.segments.reduce<Usage>(sum, session.earlier);
}

/** A life is over when nothing in it is later than its Stop. */
function isOver(segment: Segment): boolean {
  return segment.stoppedAt !== undefined && segment.stoppedAt >= segment.lastAt;
}

/** A session is over when its latest life is. */
export function isStopped(session: Session): boolean {
  const last = session.segments.at(-1);
  return last !== undefined && isOver(last);
}

/** Whether the session began at that time or later, or something later than that is known of it. */
export function isHeardOfSince(session: Session, at: Millis): boolean {
  const last = session.segments.at(-1);
  return last !== undefined && (last.start >= at || last.lastAt > at);
}

/**
 * Ends a running session of which no Stop is known. If the gateway reports on it again, it goes on. The time is ours;
 * what is known of the session is told by the gateway's clock, which may differ.
 */
export function closeSession(session: Session, at: Millis): Session {
  const last = session.segments.at(-1);
  if (last === undefined) return session;
  const stoppedAt = last.lastAt + Math.max(0, at - session.lastSeenAt);
  return { ...session, segments: session.segments.with(-1, { ...last, stoppedAt }) };
}

/**
 * Folds a packet into what is known. Packets may come in any order and more than once: counters are taken as maxima, so
 * the result is the same. `added` is what this packet adds to the totals; it is never negative. Of `before` only what a
 * session has is carried on, whatever else a store keeps with it.
 */
export function foldSession(
  before: Session | undefined,
  event: AccountingEvent,
): { session: Session; added: Usage & { sessions: 0 | 1 } } {
  const base: Session = before ?? {
    gateway: event.gateway,
    site: event.site,
    sessionId: event.sessionId,
    lastSeenAt: event.receivedAt,
    segments: [],
    earlier: NOTHING,
  };
  const segments = withPacket(base.segments, event);
  const [oldest] = segments;
  const isFull = segments.length > MAX_SEGMENTS && oldest !== undefined;

  const session = named(base.grantId ?? event.grantId, base.username ?? event.username, {
    gateway: base.gateway,
    site: base.site,
    sessionId: base.sessionId,
    lastSeenAt: Math.max(base.lastSeenAt, event.receivedAt),
    segments: isFull ? segments.slice(1) : segments,
    earlier: isFull ? sum(base.earlier, oldest) : base.earlier,
  });
  const was = before === undefined ? NOTHING : usageOf(before);
  const is = usageOf(session);
  return {
    session,
    added: {
      sessions: before === undefined ? 1 : 0,
      seconds: is.seconds - was.seconds,
      downloadOctets: is.downloadOctets - was.downloadOctets,
      uploadOctets: is.uploadOctets - was.uploadOctets,
    },
  };
}

/**
 * The session with what is known of its names. They come first, because what is added to an object after others were
 * spread into it takes V8's slow way, as long as all of the folding, and gives each object a hidden class of its own.
 */
export function named(grantId: GrantId | undefined, username: string | undefined, session: Session): Session {
  if (grantId === undefined) return username === undefined ? session : { username, ...session };
  return username === undefined ? { grantId, ...session } : { grantId, username, ...session };
}

/** The segments, by their start, with what the packet tells. */
function withPacket(segments: readonly Segment[], event: AccountingEvent): readonly Segment[] {
  const byStart = (a: Segment, b: Segment) => a.start - b.start;
  const seconds = ownSeconds(event);
  const index = segments.findLastIndex((segment) =>
    seconds === undefined ? fits(segment, event) : isInLine(segment, event, seconds),
  );
  const told = segments[index];
  if (told !== undefined) {
    // As if nobody had set a clock since the first packet: times of one life are told by one clock.
    const tells = seconds === undefined ? event : { ...event, seconds, eventAt: told.start + seconds * SECOND };
    return segments.with(index, grow(told, tells)).sort(byStart);
  }

  const another = newSegment(event);
  const [oldest] = segments;
  // A life older than all that are still kept apart has been counted among the earlier ones.
  if (segments.length === MAX_SEGMENTS && oldest !== undefined && another.start <= oldest.start) return segments;
  return [...segments, another].sort(byStart);
}

/**
 * How long the session has lasted, where that alone places a packet: clocks may be set and packets be late, but where no
 * id comes again, no life that began later can be taken for one that went on.
 */
function ownSeconds(event: AccountingEvent): number | undefined {
  if (event.idIsUnique !== true) return undefined;
  return event.seconds ?? (event.kind === 'start' ? 0 : undefined);
}

/** Whether a life can have told both, one after the other. */
function isInLine(segment: Segment, event: AccountingEvent, seconds: number): boolean {
  const down = event.downloadOctets ?? segment.downloadOctets;
  const up = event.uploadOctets ?? segment.uploadOctets;
  const isLater = seconds >= segment.seconds && down >= segment.downloadOctets && up >= segment.uploadOctets;
  return isLater || (seconds <= segment.seconds && down <= segment.downloadOctets && up <= segment.uploadOctets);
}

/** When the life began that the packet tells of; undefined if it does not say how long that life has lasted. */
function beginningOf(event: AccountingEvent): Millis | undefined {
  if (event.seconds !== undefined) return event.eventAt - event.seconds * SECOND;
  return event.kind === 'start' ? event.eventAt : undefined;
}

/**
 * Does the packet tell of this segment? Its time minus its Acct-Session-Time is when the life began, which is the same
 * for every packet of a life; and within a life, later packets never count less.
 */
function fits(segment: Segment, event: AccountingEvent): boolean {
  const beginning = beginningOf(event);
  if (beginning === undefined) {
    if (event.eventAt < segment.start - START_TOLERANCE) return false;
  } else if (Math.abs(beginning - segment.start) > START_TOLERANCE) return false;
  if (event.kind === 'start' && isOver(segment) && event.eventAt >= segment.lastAt) return false;
  const down = event.downloadOctets ?? segment.downloadOctets;
  const up = event.uploadOctets ?? segment.uploadOctets;
  if (event.eventAt > segment.lastAt) return down >= segment.downloadOctets && up >= segment.uploadOctets;
  if (event.eventAt < segment.lastAt) return down <= segment.downloadOctets && up <= segment.uploadOctets;
  return true;
}

function newSegment(event: AccountingEvent): Segment {
  const segment = {
    start: beginningOf(event) ?? event.eventAt,
    lastAt: event.eventAt,
    seconds: event.seconds ?? 0,
    downloadOctets: event.downloadOctets ?? 0,
    uploadOctets: event.uploadOctets ?? 0,
  };
  return event.kind === 'stop' ? { stoppedAt: event.eventAt, ...segment } : segment;
}

/** Everything is a maximum or a minimum, so it does not matter which packet came first. */
function grow(segment: Segment, event: AccountingEvent): Segment {
  const next = newSegment(event);
  const stoppedAt = Math.max(segment.stoppedAt ?? 0, next.stoppedAt ?? 0);
  const grown = {
    start: beginningOf(event) === undefined ? segment.start : Math.min(segment.start, next.start),
    lastAt: Math.max(segment.lastAt, next.lastAt),
    seconds: Math.max(segment.seconds, next.seconds),
    downloadOctets: Math.max(segment.downloadOctets, next.downloadOctets),
    uploadOctets: Math.max(segment.uploadOctets, next.uploadOctets),
  };
  return stoppedAt > 0 ? { stoppedAt, ...grown } : grown;
}
