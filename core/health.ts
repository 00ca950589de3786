import { type Millis, SECOND } from './time';

/**
 * `suspect`: it missed a poll or two; nobody is told yet. `unknown`: never seen since it was configured, or the controller
 * itself is cut off. `parent-down`: it does not answer because its uplink is down. `maintenance`: work on it was planned.
 */
export const HEALTH_STATES = ['up', 'suspect', 'down', 'unknown', 'parent-down', 'maintenance'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

/** What polls alone can show; that a window of maintenance runs lies over it. */
export type PolledState = Exclude<HealthState, 'maintenance'>;

/** How many polls in a row it takes to believe a change. */
export interface HealthPolicy {
  readonly missesUntilDown: number;
  readonly answersUntilUp: number;
}

/** Without a word from the controller for three poll intervals, nobody watched. */
export function watchTolerance(pollSeconds: number): Millis {
  return 3 * pollSeconds * SECOND;
}

export interface Health {
  readonly state: PolledState;
  /** Since when it has been up, down or unknown. Being suspect does not interrupt "up since". */
  readonly since: Millis;
  /** Polls in a row against the present state, and when the first of them was. */
  readonly streak: number;
  readonly streakFrom?: Millis;
  /** The last answer; undefined if there never was one. */
  readonly lastSeenAt?: Millis;
}

/** What changed for the record: an outage begins or ends, dated to the first poll that showed it. */
export type OutageChange =
  | { readonly kind: 'open'; readonly from: Millis }
  | { readonly kind: 'close'; readonly to: Millis };

/** An outage of an access point; `to` is missing while it lasts. */
export interface Outage {
  readonly from: Millis;
  readonly to?: Millis;
}

/** The health of an access point that has just been configured. */
export function unknownSince(at: Millis): Health {
  return { state: 'unknown', since: at, streak: 0 };
}

/** Folds one poll into the health of an access point. */
export function foldHealth(
  health: Health,
  poll: { readonly answered: boolean; readonly at: Millis },
  policy: HealthPolicy,
): { health: Health; change?: OutageChange } {
  return poll.answered ? foldAnswer(health, poll.at, policy) : foldMiss(health, poll.at, policy);
}

function foldAnswer(health: Health, at: Millis, policy: HealthPolicy): { health: Health; change?: OutageChange } {
  switch (health.state) {
    case 'unknown':
      return { health: { state: 'up', since: at, streak: 0, lastSeenAt: at } };
    case 'up':
    case 'suspect':
      return { health: { state: 'up', since: health.since, streak: 0, lastSeenAt: at } };
    case 'down':
    case 'parent-down': {
      const streak = health.streak + 1;
      const streakFrom = health.streakFrom ?? at;
      if (streak < policy.answersUntilUp) {
        return { health: { state: health.state, since: health.since, streak, streakFrom, lastSeenAt: at } };
      }
      return {
        health: { state: 'up', since: streakFrom, streak: 0, lastSeenAt: at },
        change: { kind: 'close', to: streakFrom },
      };
    }
  }
}

function foldMiss(health: Health, at: Millis, policy: HealthPolicy): { health: Health; change?: OutageChange } {
  const seen = health.lastSeenAt === undefined ? {} : { lastSeenAt: health.lastSeenAt };
  switch (health.state) {
    case 'unknown':
      return { health };
    case 'down':
    case 'parent-down':
      return { health: { state: health.state, since: health.since, streak: 0, ...seen } };
    case 'up':
    case 'suspect': {
      const streak = health.streak + 1;
      const streakFrom = health.streakFrom ?? at;
      if (streak < policy.missesUntilDown) {
        return { health: { state: 'suspect', since: health.since, streak, streakFrom, ...seen } };
      }
      return {
        health: { state: 'down', since: streakFrom, streak: 0, ...seen },
        change: { kind: 'open', from: streakFrom },
      };
    }
  }
}

/**
 * The health after time that nobody watched: polls before and after it are not "in a row", so a change only half
 * believed is forgotten. What was suspect counts as up until it misses again.
 */
export function afterGap(health: Health): Health {
  const seen = health.lastSeenAt === undefined ? {} : { lastSeenAt: health.lastSeenAt };
  return { state: health.state === 'suspect' ? 'up' : health.state, since: health.since, streak: 0, ...seen };
}
