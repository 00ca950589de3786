import { z } from 'zod';
import { WEEKDAYS } from '../core/opening-hours';
import { type SiteRules, WHEN_STORE_FAILS } from '../core/rules';
import { id, name, timeOfDay } from './fields';
import { asIssue } from './messages';

/** What visitors may do at a site, and what closes it or part of the internet there. */

const MEGABYTE = 1_000_000;
const MEGABIT = 1_000_000;

export const rules = z
  .strictObject({
    sessionMinutes: z
      .number()
      .positive()
      .max(1440)
      .default(240)
      .describe('How long one acceptance of the terms lasts; a day at most, as an address is not an entitlement.'),
    idleMinutes: z.number().positive().default(30).describe('A session without traffic ends after this time.'),
    maxMegabytes: z.number().positive().optional().meta({
      description: 'Volume for one acceptance of the terms, both ways. Without it: unlimited.',
      example: 1000,
    }),
    maxMegabytesPer: z
      .enum(['acceptance', 'day'])
      .default('acceptance')
      .describe(
        'For what the volume counts. `day`: for all that a device uses here until four in the morning; so long the store keeps how much that was.',
      ),
    minutesPerDay: z.number().positive().max(1440).optional().meta({
      description:
        'How long a device may be online here in a day, from each acceptance to its end. Without it: as often as it likes.',
      example: 120,
    }),
    downMbit: z.number().positive().optional().meta({
      description: 'Speed towards the visitor, Mbit/s. Without it: as fast as the line.',
      example: 20,
    }),
    upMbit: z.number().positive().optional().meta({
      description: 'Speed from the visitor, Mbit/s. Without it: as fast as the line.',
      example: 5,
    }),
    openingHours: z
      .array(
        z
          .strictObject({
            days: z
              .array(z.enum(WEEKDAYS))
              .min(1)
              .meta({
                description: 'On which days.',
                form: `a list from: ${WEEKDAYS.join(', ')}`,
                example: ['mo', 'tu', 'we', 'th', 'fr'],
              }),
            from: timeOfDay.meta({ description: 'Opens at this time of the town.', example: '07:30' }),
            to: timeOfDay.meta({ description: 'Closes at this time; 24:00 is the end of the day.', example: '16:30' }),
          })
          .refine(({ from, to }) => !(from >= to), asIssue('hours-reversed')),
      )
      .min(1)
      .optional()
      .describe('When visitors may be online. At closing time their sessions end. Without it: always.'),
    closedOn: z
      .array(id)
      .min(1)
      .optional()
      .meta({
        description: 'Calendars on whose days the site stays closed.',
        form: 'a list of ids of calendars',
        example: ['school-holidays'],
      }),
    whenStoreFails: z
      .enum(WHEN_STORE_FAILS)
      .default('grace')
      .describe(
        'Who may go online while the store does not answer: `grace`: devices known to hold a grant; `open`: everybody, a few minutes at a time; `closed`: nobody.',
      ),
  })
  .prefault({})
  .transform((rules): SiteRules & { readonly closedOn?: readonly string[] } => ({
    sessionSeconds: Math.round(rules.sessionMinutes * 60),
    idleSeconds: Math.round(rules.idleMinutes * 60),
    whenStoreFails: rules.whenStoreFails,
    // Time zone, holidays, terms and blockings stand elsewhere in the file: config/in-force.ts puts them in.
    ...(rules.openingHours !== undefined && { openingHours: { timeZone: 'UTC', periods: rules.openingHours } }),
    ...(rules.closedOn !== undefined && { closedOn: rules.closedOn }),
    ...(rules.maxMegabytes !== undefined && { maxOctets: Math.round(rules.maxMegabytes * MEGABYTE) }),
    ...(rules.maxMegabytesPer === 'day' && { octetsPer: 'day' }),
    ...(rules.minutesPerDay !== undefined && { daySeconds: Math.round(rules.minutesPerDay * 60) }),
    ...(rules.downMbit !== undefined && { downBitsPerSecond: Math.round(rules.downMbit * MEGABIT) }),
    ...(rules.upMbit !== undefined && { upBitsPerSecond: Math.round(rules.upMbit * MEGABIT) }),
  }));

export const calendar = z.strictObject({
  id: id.meta({ description: 'Stable name, for `closedOn` of sites.', example: 'school-holidays' }),
  file: z.string().min(1).meta({
    description:
      'Its days: an iCalendar file (`.ics`) with whole days, or JSON: `[{"name": "…", "from": "2026-12-23", "to": "2027-01-06"}]`, where `to` is the last day. Read again at each reload.',
    example: 'calendars/school-holidays.ics',
  }),
});

const day = z.iso.date();

export const blocking = z
  .strictObject({
    id: id.meta({ description: 'Stable name in logs.', example: 'court-2026-1' }),
    sites: z
      .array(id)
      .min(1)
      .optional()
      .meta({
        description: 'Only at these sites. Without it: at all.',
        form: 'a list of ids of sites',
        example: ['town-hall'],
      }),
    targets: z
      .array(name)
      .min(1)
      .meta({
        description: 'What cannot be reached, as visitors read it: domains, addresses, ports.',
        form: 'a list of texts',
        example: ['example.org', 'TCP 6881'],
      }),
    reason: name.meta({
      description: 'Why, as visitors read it. Name no person.',
      example: 'Urteil Landgericht Musterstadt, 12 O 34/26',
    }),
    rightsHolder: z.string().optional().meta({
      description: 'Who demands it: for the town’s records, shown to nobody.',
      example: 'Example Records GmbH',
    }),
    filter: name.optional().meta({
      description:
        'Name of the filter at the gateways that does it; they are told by Filter-Id (CoovaChilli, MikroTik, hostapd). Without it: the town’s resolver or firewall has to.',
      example: 'court-2026-1',
    }),
    from: day.meta({ description: 'First day.', form: 'a date such as 2026-11-01', example: '2026-11-23' }),
    until: day.meta({
      description: 'Last day. A blocking without an end is not proportionate: look again then.',
      form: 'a date such as 2026-11-01',
      example: '2027-05-22',
    }),
  })
  .refine(({ from, until }) => !(from > until), asIssue('blocking-reversed'));
