import { decide, grantEnd } from '../../core/decide';
import type { Grant } from '../../core/grant';
import { type OpeningHours, type OpeningPeriod, openingAt, WEEKDAYS } from '../../core/opening-hours';
import { HOUR, MINUTE } from '../../core/time';

const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
const period = (days: string, from: string, to: string): OpeningPeriod => ({
  days: WEEKDAYS.filter((day) => days.split(' ').includes(day)),
  from: minutes(from),
  to: minutes(to),
});
const hours = (...periods: OpeningPeriod[]): OpeningHours => ({ timeZone: 'Europe/Berlin', periods });
const at = (text: string) => Date.parse(text);

const SCHOOL = hours(period('mo tu we th', '07:30', '16:30'), period('fr', '07:30', '12:00'));
const DAILY = hours(period(WEEKDAYS.join(' '), '02:30', '10:00'));
const EVENING = hours(period('fr sa', '20:00', '24:00'), period('sa su', '00:00', '04:00'));

test.each<[string, OpeningHours, string, boolean, string | undefined]>([
  ['on a school morning', SCHOOL, '2026-11-23T08:00+01:00', true, '2026-11-23T16:30+01:00'],
  ['at the very opening', SCHOOL, '2026-11-23T07:30+01:00', true, '2026-11-23T16:30+01:00'],
  ['a moment before', SCHOOL, '2026-11-23T07:29:59.999+01:00', false, '2026-11-23T07:30+01:00'],
  ['at the very closing', SCHOOL, '2026-11-23T16:30+01:00', false, '2026-11-24T07:30+01:00'],
  ['over the weekend', SCHOOL, '2026-11-20T12:00+01:00', false, '2026-11-23T07:30+01:00'],
  ['over the weekend of the change to summer time', SCHOOL, '2026-03-27T12:00+01:00', false, '2026-03-30T07:30+02:00'],
  ['over the weekend of the change to winter time', SCHOOL, '2026-10-23T12:00+02:00', false, '2026-10-26T07:30+01:00'],
  ['opening in the hour that summer time leaves out', DAILY, '2026-03-29T01:00+01:00', false, '2026-03-29T03:30+02:00'],
  ['opening in the hour that comes twice', DAILY, '2026-10-25T02:15+02:00', false, '2026-10-25T02:30+01:00'],
  ['open on the day of the change', DAILY, '2026-03-29T04:00+02:00', true, '2026-03-29T10:00+02:00'],
  ['through midnight', EVENING, '2026-11-20T21:00+01:00', true, '2026-11-21T04:00+01:00'],
  ['after midnight', EVENING, '2026-11-22T01:00+01:00', true, '2026-11-22T04:00+01:00'],
  ['always', hours(period(WEEKDAYS.join(' '), '00:00', '24:00')), '2026-11-23T08:00+01:00', true, undefined],
  [
    'once a week, just closed',
    hours(period('mo', '08:00', '09:00')),
    '2026-11-23T09:00+01:00',
    false,
    '2026-11-30T08:00+01:00',
  ],
])('%s', (_when, opening, now, isOpen, changesAt) => {
  expect(openingAt(opening, at(now))).toEqual({ isOpen, ...(changesAt && { changesAt: at(changesAt) }) });
});

test('what was found out holds only until the next change, and not before it was asked', () => {
  const asked = [
    '2026-11-23T08:00+01:00',
    '2026-11-23T17:00+01:00',
    '2026-11-23T08:00+01:00',
    '2026-11-22T08:00+01:00',
  ];
  expect(asked.map((moment) => openingAt(SCHOOL, at(moment)).isOpen)).toEqual([true, false, true, false]);
});

describe('a site with hours', () => {
  const now = at('2026-11-23T16:00+01:00');
  const rules = { sessionSeconds: 4 * 3600, idleSeconds: 600, whenStoreFails: 'grace', openingHours: SCHOOL } as const;
  const grant: Grant = {
    ...{ id: 'g', site: 'school', gateway: 'gw', termsVersion: '1', acceptedAt: now, usedOctets: 0 },
    expiresAt: now + 4 * HOUR,
  };

  test('no session and no grant lasts beyond closing', () => {
    expect(grantEnd(rules, now)).toBe(now + 30 * MINUTE);
    expect(decide(grant, rules, now)).toMatchObject({ accept: true, acceptance: { sessionTimeoutSeconds: 1800 } });
  });

  test('out of hours nobody is let in, whatever the grant says', () => {
    expect(decide(grant, rules, now + 30 * MINUTE)).toEqual({ accept: false, reason: 'site-closed' });
  });
});
