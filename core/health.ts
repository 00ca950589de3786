import { bootMoment, type Uptime } from './boot';
import { MINUTE, type Millis, SECOND } from './time';

/**
 * `suspect`: it missed a poll or two; nobody is told yet. `unknown`: never seen since it was configured, or the controller
 * itself is cut off. `parent-down`: it does not answer because its uplink is down. `maintenance`: work on it was planned.
 */
export const HEALTH_STATES = ['up', 'suspect', 'down', 'unknown', 'parent-down', 'maintenance'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

/** What polls alone can show; that a window of maintenance runs lies over it. */
export type PolledState = Exclude<HealthState, 'maintenance'>;

/** How many polls in a row it takes to believe a change, and how far they are apart. */
export interface HealthPolicy {
  readonly missesUntilDown: number;
  readonly answersUntilUp: number;
  readonly pollSeconds: number;
}

/** Without a word from the controller for three poll intervals, nobody watched. */
export function watchTolerance(pollSeconds: number): Millis {
  return 3 * pollSeconds * SECOND;
}

/**
 * Why an access point did not answer for a while. `power`: it started anew. `network`: it ran through. `agent`: only its
 * SNMP agent was silent, the host answered. `uplink`: what it is reached through was down. `unseen`: the controller itself
 * had no way to it. Stores keep a cause by its place here; only ever append.
 */
export const OUTAGE_CAUSES = ['power', 'network', 'agent', 'uplink', 'unseen'] as const;
export type OutageCause = (typeof OUTAGE_CAUSES)[number];

/** With these causes nobody knows whether the access point works: the time is unknown, and it is called `unknown`. */
export type UnknownCause = Extract<OutageCause, 'agent' | 'unseen'>;

export function isUnknownCause(cause: OutageCause | undefined): cause is UnknownCause {
  return cause === 'agent' || cause === 'unseen';
}

export interface Health {
  readonly state: PolledState;
  /** Since when it has been up, down or unknown. Being suspect does not interrupt "up since". */
  readonly since: Millis;
  /** While it is down: only its SNMP agent is silent, or the controller has no way to it. */
  readonly cause?: UnknownCause;
  /** Polls in a row against the present state, and when the first of them was. */
  readonly streak: number;
  readonly streakFrom?: Millis;
  /** How many polls of the streak the host refused, and so answered after all. */
  readonly refusals?: number;
  /** The last answer; undefined if there never was one. */
  readonly lastSeenAt?: Millis;
  /** When it started, by its own account. */
  readonly bootAt?: Millis;
  /** When it went down or came up of late, for the notice that it flaps. */
  readonly changes?: readonly Millis[];
}

/**
 * What changed for the record, dated to the first poll that showed it: an outage begins, ends, or goes on for another
 * reason. A cause that is missing is not known.
 */
export type OutageChange =
  | { readonly kind: 'open'; readonly from: Millis; readonly cause?: OutageCause }
  | { readonly kind: 'turn'; readonly at: Millis; readonly cause?: OutageCause }
  | { readonly kind: 'close'; readonly to: Millis; readonly cause?: OutageCause };

/** An outage of an access point; `to` is missing while it lasts, and `cause` as long as it is not known. */
export interface Outage {
  readonly from: Millis;
  readonly to?: Millis;
  readonly cause?: OutageCause;
}

/** Why a poll was missed: no sign at all, a host without agent, an uplink that is down, or the controller's own fault. */
export type MissKind = 'silent' | 'agent' | 'uplink' | 'unseen';

export type Poll =
  | { readonly answered: true; readonly at: Millis; readonly uptime?: Uptime }
  | {
      readonly answered: false;
      readonly at: Millis;
      readonly why: MissKind;
      /** Whose fault it is shows at the next poll: its uplink is suspect, or the controller itself may be cut off. */
      readonly isUndecided?: boolean;
    };

interface Folded {
  readonly health: Health;
  readonly change?: OutageChange;
}

/** The health of an access point that has just been configured. */
export function unknownSince(at: Millis): Health {
  return { state: 'unknown', since: at, streak: 0 };
}

export function isDown({ state }: Health): boolean {
  return state === 'down' || state === 'parent-down';
}

/** Why the present outage lasts, as far as that is known before its end. */
export function causeOf({ state, cause }: Health): UnknownCause | 'uplink' | undefined {
  return state === 'parent-down' ? 'uplink' : cause;
}

/** What everybody is shown: planned work lies over what polls say, and a controller that is cut off knows nothing. */
export function presentState(health: Health, over: { isBlind: boolean; inMaintenance: boolean }): HealthState {
  if (over.inMaintenance) return 'maintenance';
  return over.isBlind || isUnknownCause(health.cause) ? 'unknown' : health.state;
}

const FLAP_CHANGES = 5;
const FLAP_WINDOW = 30 * MINUTE;

/** It goes down and comes up so often that one notice has to do. */
export function isFlapping({ changes = [] }: Health, now: Millis): boolean {
  const first = changes.at(-FLAP_CHANGES);
  return first !== undefined && first > now - FLAP_WINDOW;
}

/** Folds one poll into the health of an access point. */
export function foldHealth(health: Health, poll: Poll, policy: HealthPolicy): Folded {
  if (!poll.answered) return isDown(health) ? missWhileDown(health, poll, policy) : miss(health, poll, policy);
  const { at, uptime } = poll;
  const bootAt = uptime === undefined ? health.bootAt : bootMoment(health.bootAt, uptime, at);
  // Nearly every poll of nearly every access point ends here.
  if (health.state === 'up' && bootAt === health.bootAt) return { health: { ...health, lastSeenAt: at } };
  const kept = { ...lasting(health), lastSeenAt: at, ...(bootAt !== undefined && { bootAt }) };
  if (health.state === 'unknown') return { health: { ...kept, state: 'up', since: at, streak: 0 } };
  if (!isDown(health)) return { health: { ...kept, state: 'up', since: health.since, streak: 0 } };
  const { streak, streakFrom } = next(health, at, 'answers');
  if (streak < policy.answersUntilUp) return { health: { ...kept, ...downAs(health), streak, streakFrom } };
  const isOwn = causeOf(health) === undefined;
  const cause = isOwn ? causeAfter(health, bootAt, poll, policy) : undefined;
  return {
    health: { ...kept, ...changed(health, at), state: 'up', since: streakFrom, streak: 0 },
    change: { kind: 'close', to: streakFrom, ...(cause !== undefined && { cause }) },
  };
}

function miss(health: Health, poll: Poll & { answered: false }, { missesUntilDown }: HealthPolicy): Folded {
  if (health.state === 'unknown') return { health };
  const streak = health.streak + 1;
  const streakFrom = health.streakFrom ?? poll.at;
  const refusals = (health.refusals ?? 0) + Number(poll.why === 'agent');
  if (streak < missesUntilDown || poll.isUndecided === true) {
    const suspect = { state: 'suspect', since: health.since, streak, streakFrom } as const;
    return { health: { ...lasting(health), ...suspect, ...(refusals > 0 && { refusals }) } };
  }
  // Under packet loss the refusal may get lost as well, so most of them are enough.
  const told = poll.why === 'uplink' || poll.why === 'unseen' ? poll.why : undefined;
  const cause = told ?? (2 * refusals > streak ? 'agent' : undefined);
  return {
    health: { ...lasting(health), ...changed(health, poll.at, cause), ...downFor(cause), since: streakFrom, streak: 0 },
    change: { kind: 'open', from: streakFrom, ...(cause !== undefined && { cause }) },
  };
}

/** An outage may turn out to be of another kind: the uplink is back and the access point still silent. */
function missWhileDown(health: Health, poll: Poll & { answered: false }, policy: HealthPolicy): Folded {
  const cause = poll.why === 'silent' ? undefined : poll.why;
  const present = causeOf(health);
  // One that is broken itself stays so while its uplink is down: nothing new can be seen of it.
  const fits = cause === present || (present === undefined && cause === 'uplink');
  if (fits || poll.isUndecided === true) return { health: { ...lasting(health), ...downAs(health), streak: 0 } };
  const { streak, streakFrom } = next(health, poll.at, 'misses');
  if (streak < policy.missesUntilDown) return { health: { ...lasting(health), ...downAs(health), streak, streakFrom } };
  return {
    health: { ...lasting(health), ...downFor(cause), since: streakFrom, streak: 0 },
    change: { kind: 'turn', at: streakFrom, ...(cause !== undefined && { cause }) },
  };
}

/** The uplink went down as well, hardly later: what looked like a fault of the access point itself is the uplink's. */
export function blameUplink(health: Health): { readonly health: Health; readonly change: OutageChange } {
  return {
    health: { ...lasting(health), state: 'parent-down', since: health.since, streak: 0 },
    change: { kind: 'open', from: health.since, cause: 'uplink' },
  };
}

/**
 * The health after time that nobody watched: polls before and after it are not "in a row", so a change only half
 * believed is forgotten. What was suspect counts as up until it misses again.
 */
export function afterGap(health: Health): Health {
  if (isDown(health)) return { ...lasting(health), ...downAs(health), streak: 0 };
  const state = health.state === 'suspect' ? 'up' : health.state;
  return { ...lasting(health), state, since: health.since, streak: 0 };
}

/** What stays whatever the next state is. */
function lasting({ lastSeenAt, bootAt, changes }: Health) {
  return {
    ...(lastSeenAt !== undefined && { lastSeenAt }),
    ...(bootAt !== undefined && { bootAt }),
    ...(changes !== undefined && { changes }),
  };
}

function downAs({ state, since, cause }: Health) {
  return { state, since, ...(cause !== undefined && { cause }) };
}

function downFor(cause: UnknownCause | 'uplink' | undefined) {
  if (cause === 'uplink') return { state: 'parent-down' } as const;
  return { state: 'down', ...(cause !== undefined && { cause }) } as const;
}

/** A streak of a down access point consists of answers or of misses for another reason; only answers are "seen". */
function next(health: Health, at: Millis, of: 'answers' | 'misses'): { streak: number; streakFrom: Millis } {
  const { streak, streakFrom, lastSeenAt = Number.NEGATIVE_INFINITY } = health;
  const goesOn = streakFrom !== undefined && (lastSeenAt >= streakFrom ? 'answers' : 'misses') === of;
  return goesOn ? { streak: streak + 1, streakFrom } : { streak: 1, streakFrom: at };
}

/** Counts a change for flapping. What an uplink, or the controller itself, does to it is not its own flapping. */
function changed(health: Health, at: Millis, cause = causeOf(health)): { changes?: readonly Millis[] } {
  if (cause === 'uplink' || cause === 'unseen') return {};
  const recent = (health.changes ?? []).filter((change) => change > at - FLAP_WINDOW);
  return { changes: [...recent, at].slice(-FLAP_CHANGES) };
}

/** A young agent on an old host looks like a start as well, so only an old one says something. */
function causeAfter(
  { since }: Health,
  bootAt: Millis | undefined,
  { uptime }: Poll & { answered: true },
  { pollSeconds }: HealthPolicy,
): OutageCause | undefined {
  if (uptime === undefined || bootAt === undefined) return undefined;
  // The power may have come back before the first poll that was missed.
  if (bootAt <= since - pollSeconds * SECOND) return 'network';
  return uptime.source === 'host' ? 'power' : undefined;
}
