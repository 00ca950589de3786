import { z } from 'zod';
import type { MaintenancePlan } from '../core/maintenance';
import { WEEKDAYS } from '../core/opening-hours';
import { momentOf } from '../core/time';
import { id, name, timeOfDay } from './fields';
import { asIssue } from './messages';
import type { Config } from './schema';

const localTime = z
  .string()
  .refine(
    (text) => LOCAL_TIME.test(text) && !Number.isNaN(Date.parse(`${text.replace(' ', 'T')}Z`)),
    asIssue('form-moment'),
  )
  .meta({ form: 'a date and a time such as 2026-12-01 06:00' });
const LOCAL_TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d$/;

export const maintenance = z
  .strictObject({
    id: id.meta({ description: 'Stable name.', example: 'new-switch' }),
    reason: name.meta({ description: 'What is done, as schools read it.', example: 'Neuer Switch im Keller' }),
    sites: z
      .array(id)
      .min(1)
      .optional()
      .meta({
        description: 'Work at these sites. Without it and `accessPoints`: at all.',
        form: 'a list of ids of sites',
        example: ['town-hall'],
      }),
    accessPoints: z
      .array(id)
      .min(1)
      .optional()
      .meta({
        description: 'Work on these access points and what is reached through them.',
        form: 'a list of ids of access points',
        example: ['ap-town-hall-1'],
      }),
    from: localTime.optional().describe('Begins, by the clocks of the town.'),
    until: localTime.optional().describe('Ends.'),
    weekly: z
      .array(
        z
          .strictObject({
            days: z
              .array(z.enum(WEEKDAYS))
              .min(1)
              .meta({ description: 'On which days.', form: `a list from: ${WEEKDAYS.join(', ')}`, example: ['su'] }),
            from: timeOfDay.meta({ description: 'Begins at this time of the town.', example: '03:00' }),
            to: timeOfDay.meta({ description: 'Ends at this time; 24:00 is the end of the day.', example: '04:00' }),
          })
          .refine(({ from, to }) => !(from >= to), asIssue('weekly-reversed')),
      )
      .min(1)
      .optional()
      .describe('Every week, in place of `from` and `until`.'),
  })
  .refine(
    ({ from, until, weekly }) => (weekly === undefined ? from !== undefined && until !== undefined : !from && !until),
    asIssue('maintenance-when'),
  )
  .refine(
    ({ from, until }) => from === undefined || until === undefined || from < until,
    asIssue('maintenance-reversed'),
  );

/** The plans with the moments that their times are in the town. */
export function maintenancePlans({ maintenance: entries, town: { timeZone } }: Config): MaintenancePlan[] {
  const moment = (text: string): number => momentOf(Date.parse(`${text.replace(' ', 'T')}Z`), timeZone);
  return entries.map(({ id, reason, sites = [], accessPoints = [], from = '', until = '', weekly }) => {
    const when = weekly === undefined ? { from: moment(from), to: moment(until) } : { timeZone, periods: weekly };
    return { id, reason, sites, accessPoints, when };
  });
}
