import { type Health, OUTAGE_CAUSES, type OutageCause, type PolledState, type UnknownCause } from '../../core/health';
import type { Millis } from '../../core/time';
import { FieldReader, FieldWriter } from './fields';

/** Written at least once a minute for each access point, so it is kept short. */
export interface HealthRecord {
  readonly health: Health;
  readonly firstSeenAt?: Millis;
}

/** By their place here; only ever append. */
const STATES: readonly PolledState[] = ['unknown', 'up', 'suspect', 'down', 'parent-down'];
const HAS = {
  ...{ firstSeenAt: 1, lastSeenAt: 2, streakFrom: 4, bootAt: 8 },
  ...{ agent: 16, refusals: 32, changes: 64, unseen: 128 },
} as const;

export const healthCodec = {
  encode({ health, firstSeenAt }: HealthRecord): Buffer {
    const { lastSeenAt, streakFrom, bootAt, cause, refusals, changes } = health;
    const flag = (of: UnknownCause): true | undefined => (cause === of ? true : undefined);
    const causes = { agent: flag('agent'), unseen: flag('unseen') };
    const has = { firstSeenAt, lastSeenAt, streakFrom, bootAt, refusals, changes, ...causes };
    const names = Object.keys(HAS) as (keyof typeof HAS)[];
    const writer = new FieldWriter()
      .octet(names.reduce((bits, name) => bits | (has[name] === undefined ? 0 : HAS[name]), 0))
      .octet(STATES.indexOf(health.state))
      .number(health.since)
      .number(health.streak);
    for (const moment of [firstSeenAt, lastSeenAt, streakFrom, bootAt]) if (moment !== undefined) writer.number(moment);
    if (refusals !== undefined) writer.number(refusals);
    if (changes !== undefined) {
      writer.octet(changes.length);
      for (const change of changes) writer.number(change);
    }
    return writer.end();
  },

  decode(octets: Buffer): HealthRecord {
    const reader = new FieldReader(octets);
    const bits = reader.octet();
    const has = (name: keyof typeof HAS): boolean => (bits & HAS[name]) !== 0;
    const state = STATES[reader.octet()] ?? 'unknown';
    const since = reader.number();
    const streak = reader.number();
    const firstSeenAt = has('firstSeenAt') ? { firstSeenAt: reader.number() } : {};
    const health: Health = {
      ...{ state, since, streak },
      ...(has('lastSeenAt') && { lastSeenAt: reader.number() }),
      ...(has('streakFrom') && { streakFrom: reader.number() }),
      ...(has('bootAt') && { bootAt: reader.number() }),
      ...(has('agent') && { cause: 'agent' }),
      ...(has('unseen') && { cause: 'unseen' }),
      ...(has('refusals') && { refusals: reader.number() }),
      ...(has('changes') && { changes: Array.from({ length: reader.octet() }, () => reader.number()) }),
    };
    return { health, ...firstSeenAt };
  },
};

/** An outage without its beginning, which is its key. */
export interface OutageRecord {
  readonly to?: Millis;
  readonly cause?: OutageCause;
}

const LASTS = Number.NaN;
const UNKNOWN = 0xff;

export const outageCodec = {
  encode: ({ to, cause }: OutageRecord): Buffer =>
    new FieldWriter()
      .octet(cause === undefined ? UNKNOWN : OUTAGE_CAUSES.indexOf(cause))
      .number(to ?? LASTS)
      .end(),
  decode(octets: Buffer): OutageRecord {
    const reader = new FieldReader(octets);
    const cause = OUTAGE_CAUSES[reader.octet()];
    const to = reader.number();
    return { ...(!Number.isNaN(to) && { to }), ...(cause !== undefined && { cause }) };
  },
};
