import { z } from 'zod';
import type { AdminCommand } from '../runtime/admin';
import type { Clock } from '../runtime/clock';
import type { Log } from '../runtime/log';
import type { FeedbackStore } from '../store/store';

/** Where the running product shows feedback and takes it as done; commands/feedback.ts asks. */
export const LIST_FEEDBACK = '/admin/feedback/list';
export const CLOSE_FEEDBACK = '/admin/feedback/done';

interface Desk {
  readonly store: FeedbackStore;
  readonly clock: Clock;
  readonly log: Log;
}

const entry = z.strictObject({ reference: z.string() });

/** What people wrote, and what becomes of it. */
export function feedbackDesk({ store, clock, log }: Desk): readonly (readonly [path: string, AdminCommand])[] {
  return [
    [
      LIST_FEEDBACK,
      async (_, say) => {
        for (const feedback of await store.listFeedback()) say(feedback);
      },
    ],
    [
      CLOSE_FEEDBACK,
      async (asked, say) => {
        const { reference } = entry.parse(asked);
        const closed = await store.closeFeedback(reference, clock.now());
        if (closed) log.info('feedback-done');
        say({ closed });
      },
    ],
  ];
}
