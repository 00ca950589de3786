import type { Feedback } from '../../core/feedback';
import type { Millis } from '../../core/time';
import type { FeedbackBox } from '../feedback-box';
import type { FeedbackStore } from '../store';
import type { Engine } from './engine';

/** Under its reference; what was written lies in it encrypted. */
export interface FeedbackRecord extends Omit<Feedback, 'reference' | 'text' | 'contact'> {
  readonly words: Buffer;
}

export function feedbackStore(engine: Engine, box: FeedbackBox): FeedbackStore {
  const { feedback } = engine.tables;
  return {
    putFeedback: ({ reference, text, contact, ...rest }, limit) => {
      const words = box.close({ text, ...(contact !== undefined && { contact }) }, reference);
      return engine.write(() => {
        if (feedback.get(reference) !== undefined) return 'known';
        if (count(engine, 0).open >= limit) return 'full';
        feedback.put(reference, { ...rest, words });
        return 'kept';
      });
    },
    listFeedback: () =>
      engine.read(() =>
        [...feedback.getRange()]
          .map(({ key: reference, value: { words, ...rest } }) => ({
            reference,
            ...box.open(words, reference),
            ...rest,
          }))
          .sort((a, b) => a.dueAt - b.dueAt || (a.reference < b.reference ? -1 : 1)),
      ),
    closeFeedback: (reference, now) =>
      engine.write(() => {
        const record = feedback.get(reference);
        if (record === undefined || record.doneAt !== undefined) return false;
        feedback.put(reference, { ...record, doneAt: now });
        return true;
      }),
    countFeedback: (now) => engine.read(() => count(engine, now)),
  };
}

function count({ tables: { feedback } }: Engine, now: Millis): { open: number; overdue: number } {
  let open = 0;
  let overdue = 0;
  for (const { value } of feedback.getRange()) {
    if (value.doneAt !== undefined) continue;
    open += 1;
    if (value.dueAt <= now) overdue += 1;
  }
  return { open, overdue };
}
