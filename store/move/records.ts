import { z } from 'zod';
import { FEEDBACK_TOPICS } from '../../core/feedback';
import { HEALTH_STATES, OUTAGE_CAUSES } from '../../core/health';
import { ORDER, type OrderResult } from '../../core/reasons';
import { RECORD_NAMES } from '../../core/records';

/**
 * What moves from one store to another, the same for every driver: one line of a file each. Credentials and visitors that
 * wait live for two minutes, leases for less; they stay behind.
 */

const millis = z.number();
const octets = z.int().min(0);
const word = z.string();
const base64 = z.base64();
/** Sixteen octets. */
const pseudonym = z.base64url();
const cause = z.enum(OUTAGE_CAUSES).exactOptional();
const usage = { seconds: z.number(), downloadOctets: octets, uploadOctets: octets };

/** What health says of an access point that never is in maintenance by itself. */
const polled = z.enum(HEALTH_STATES).exclude(['maintenance']);
const orderResults: readonly string[] = Object.keys(ORDER);

export const movedRecord = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('pseudonym-key'), site: word, day: word, wrapped: base64, lastExpiry: millis }),
  z.strictObject({
    ...{ of: z.literal('grant'), device: pseudonym, id: word, site: word, gateway: word, termsVersion: word },
    ...{ acceptedAt: millis, expiresAt: millis, usedOctets: octets, day: word },
    dayCount: z.enum(['time', 'volume']).exactOptional(),
  }),
  z.strictObject({ of: z.literal('day-use'), device: pseudonym, site: word, day: word, octets, seconds: z.number() }),
  z.strictObject({
    ...{ of: z.literal('acceptance-count'), site: word, hour: millis, termsVersion: word, language: word },
    count: z.int().min(0),
  }),
  z.strictObject({
    ...{ of: z.literal('session'), gateway: word, site: word, sessionId: word },
    ...{
      grantId: word.exactOptional(),
      username: word.exactOptional(),
      lastSeenAt: millis,
      endedAt: millis.exactOptional(),
    },
    segments: z
      .array(z.strictObject({ start: millis, lastAt: millis, stoppedAt: millis.exactOptional(), ...usage }))
      .min(1),
    earlier: z.strictObject(usage),
  }),
  z.strictObject({
    ...{ of: z.literal('end-order'), gateway: word, sessionId: word, site: word, username: word.exactOptional() },
    ...{ kind: z.literal('limits').exactOptional(), orderedAt: millis, dueAt: millis, tries: z.int() },
    settled: z
      .strictObject({ at: millis, result: z.custom<OrderResult>((one) => orderResults.includes(String(one))) })
      .exactOptional(),
  }),
  z.strictObject({ of: z.literal('usage-total'), site: word, hour: millis, sessions: z.int().min(0), ...usage }),
  z.strictObject({
    ...{ of: z.literal('health'), ap: word, firstSeenAt: millis.exactOptional() },
    health: z.strictObject({
      ...{ state: polled, since: millis, cause: z.enum(['agent', 'unseen']).exactOptional(), streak: z.int() },
      ...{ streakFrom: millis.exactOptional(), refusals: z.int().exactOptional(), lastSeenAt: millis.exactOptional() },
      ...{ bootAt: millis.exactOptional(), changes: z.array(millis).exactOptional() },
    }),
  }),
  z.strictObject({ of: z.literal('outage'), ap: word, from: millis, to: millis.exactOptional(), cause }),
  z.strictObject({ of: z.literal('unwatched'), from: millis, to: millis }),
  z.strictObject({ of: z.literal('last-word'), at: millis }),
  z.strictObject({
    ...{
      of: z.literal('maintenance'),
      id: word,
      reason: word,
      plan: word.exactOptional(),
      endedAt: millis.exactOptional(),
    },
    ...{ from: millis, to: millis, sites: z.array(word), accessPoints: z.array(word) },
  }),
  z.strictObject({ of: z.literal('exam'), site: word, until: millis }),
  z.strictObject({
    ...{ of: z.literal('feedback'), reference: word, topic: z.enum(FEEDBACK_TOPICS), language: word, words: base64 },
    ...{ receivedAt: millis, dueAt: millis, doneAt: millis.exactOptional() },
  }),
  z.strictObject({
    ...{ of: z.literal('audit'), at: millis },
    overdue: z.array(z.strictObject({ of: z.enum(RECORD_NAMES), count: z.int() })),
  }),
]);

export type MovedRecord = z.output<typeof movedRecord>;
export type MovedOf<Name extends MovedRecord['of']> = Extract<MovedRecord, { of: Name }>;

/** A store that nobody else uses, to be read or filled as a whole. */
export interface Movable {
  /** Proves to an import under which `key` the records lie; wrapped like the keys of pseudonyms. */
  keyCheck(): string;
  /** @throws OperatorError STORE_KEY_WRONG if `keyCheck` of the other store was made with another key */
  checkKey(check: string): void;
  /**
   * @param isMarked  by `beginFilling`: who comes from then on is refused and goes again, so only who stays has it open
   * @throws OperatorError STORE_IN_USE while another process has the store open
   */
  assertAtRest(isMarked?: boolean): Promise<void>;
  /** Everything that is kept, in no order that means anything. */
  records(): AsyncIterable<MovedRecord>;
  /** @throws OperatorError STORE_NOT_EMPTY; marks the store as one that is being filled, which opens for nobody */
  beginFilling(): Promise<void>;
  /** Durable. */
  put(records: readonly MovedRecord[]): Promise<void>;
  /** From now on the store opens for everybody. */
  endFilling(): Promise<void>;
  close(): Promise<void>;
}
