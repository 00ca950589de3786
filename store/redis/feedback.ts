import type { Feedback } from '../../core/feedback';
import type { Millis } from '../../core/time';
import type { FeedbackBox } from '../feedback-box';
import type { FeedbackStore } from '../store';
import { Change } from './change';
import { CHANGED, type Engine } from './engine';
import { decode, decodeIf, encode } from './records';

/** Under its reference; what was written lies in it encrypted. */
export interface FeedbackRecord extends Omit<Feedback, 'reference' | 'text' | 'contact'> {
  readonly words: string;
}

/** How often an entry was added lies among the entries, under this name, which is no reference. */
export const ADDED = 'added';

export function feedbackStore(engine: Engine, box: FeedbackBox): FeedbackStore {
  const key = engine.keys.town('feedback');
  return {
    putFeedback: ({ reference, text, contact, ...rest }, limit) => {
      const words = box.close({ text, ...(contact !== undefined && { contact }) }, reference).toString('base64');
      return engine.operation((redis) =>
        engine.decide(async () => {
          const { [ADDED]: added = null, ...entries } = await redis.hgetall(key);
          if (reference in entries) return 'known';
          if (count(entries, 0).open >= limit) return 'full';
          // The limit holds for all together: whoever adds one at the same time counts as well.
          const change = new Change().expect(key, ADDED, added).write('HINCRBY', key, ADDED, 1);
          change.write('HSET', key, reference, encode({ ...rest, words } satisfies FeedbackRecord));
          return (await engine.commit(change)) ? 'kept' : CHANGED;
        }),
      );
    },
    listFeedback: () =>
      engine.operation(async (redis) => {
        const { [ADDED]: _, ...entries } = await redis.hgetall(key);
        return Object.entries(entries)
          .map(([reference, text]) => {
            const { words, ...rest } = decode<FeedbackRecord>(text);
            return { reference, ...box.open(Buffer.from(words, 'base64'), reference), ...rest };
          })
          .sort((a, b) => a.dueAt - b.dueAt || (a.reference < b.reference ? -1 : 1));
      }),
    closeFeedback: (reference, now) =>
      engine.operation((redis) =>
        engine.decide(async () => {
          if (reference === ADDED) return false;
          const lying = await redis.hget(key, reference);
          const record = decodeIf<FeedbackRecord>(lying);
          if (record === undefined || record.doneAt !== undefined) return false;
          const change = new Change().expect(key, reference, lying);
          change.write('HSET', key, reference, encode({ ...record, doneAt: now }));
          return (await engine.commit(change)) ? true : CHANGED;
        }),
      ),
    countFeedback: (now) =>
      engine.operation(async (redis) => {
        const { [ADDED]: _, ...entries } = await redis.hgetall(key);
        return count(entries, now);
      }),
  };
}

function count(entries: Readonly<Record<string, string>>, now: Millis): { open: number; overdue: number } {
  const open = Object.values(entries)
    .map((text) => decode<FeedbackRecord>(text))
    .filter(({ doneAt }) => doneAt === undefined);
  return { open: open.length, overdue: open.filter(({ dueAt }) => dueAt <= now).length };
}
