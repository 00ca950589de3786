import { z } from 'zod';
import type { AdminCommand } from '../runtime/admin';
import type { Clock } from '../runtime/clock';
import type { Log } from '../runtime/log';
import type { ExamStore } from '../store/store';

/** Where the running product switches exam mode and says what runs; commands/exam.ts asks. */
export const SET_EXAM = '/admin/exam/on';
export const END_EXAM = '/admin/exam/off';
export const LIST_EXAMS = '/admin/exam/list';

interface Tools {
  readonly store: ExamStore;
  readonly clock: Clock;
  readonly log: Log;
}

const exam = z.strictObject({ site: z.string(), until: z.number() });
const place = z.strictObject({ site: z.string() });

export function examSwitch({ store, clock, log }: Tools): readonly (readonly [path: string, AdminCommand])[] {
  return [
    [
      SET_EXAM,
      async (asked) => {
        const set = exam.parse(asked);
        await store.putExam(set);
        log.info('exam-set', { site: set.site });
      },
    ],
    [
      END_EXAM,
      async (asked, say) => {
        const { site } = place.parse(asked);
        const ended = await store.endExam(site, clock.now());
        if (ended) log.info('exam-ended', { site });
        say({ ended });
      },
    ],
    [
      LIST_EXAMS,
      async (_, say) => {
        for (const running of (await store.exams(clock.now())).values()) say(running);
      },
    ],
  ];
}
