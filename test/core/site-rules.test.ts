import fc from 'fast-check';
import type { Blocking } from '../../core/blocking';
import { type Applicant, decide, decideGrant, decideWithoutStore, grantEnd, unseenGrantEnd } from '../../core/decide';
import type { Exam } from '../../core/exam';
import type { Grant } from '../../core/grant';
import { ALWAYS, type OpeningHours, openingAt, WEEKDAYS } from '../../core/opening-hours';
import type { DayUse, SiteRules } from '../../core/rules';
import { siteAccess } from '../../core/site-access';
import type { Terms } from '../../core/terms';
import { DAY, HOUR, MINUTE, SECOND } from '../../core/time';

const ZONE = 'Europe/Berlin';
const at = (text: string) => Date.parse(text);
/** Monday, 8:00 in Berlin. */
const NOW = at('2026-11-23T08:00+01:00');
const BASE: SiteRules = { sessionSeconds: 4 * 3600, idleSeconds: 600, whenStoreFails: 'grace' };
const SCHOOL: OpeningHours = {
  timeZone: ZONE,
  periods: [{ days: ['mo', 'tu', 'we', 'th', 'fr'], from: 450, to: 990 }],
};
const grant = (changes: Partial<Grant> = {}): Grant => ({
  ...{ id: 'g', site: 'school', gateway: 'gw', termsVersion: '1', acceptedAt: NOW, usedOctets: 0 },
  expiresAt: NOW + 4 * HOUR,
  ...changes,
});
const exam = (until: string): Exam => ({ site: 'school', until: at(until) });

describe('holidays', () => {
  const closed = (...days: string[]) => ({ ...SCHOOL, closedOn: new Set(days) });
  const weeks = Array.from({ length: 44 }, (_, i) => new Date(Date.UTC(2026, 6, 20) + i * DAY).toISOString());
  test.each<[string, OpeningHours, string, boolean, string | undefined]>([
    ['on a holiday', closed('2026-11-23'), '2026-11-23T09:00+01:00', false, '2026-11-24T07:30+01:00'],
    ['the evening before', closed('2026-11-24'), '2026-11-23T18:00+01:00', false, '2026-11-25T07:30+01:00'],
    ['the day itself is local', closed('2026-11-23'), '2026-11-22T23:30+01:00', false, '2026-11-24T07:30+01:00'],
    [
      'through six weeks of summer',
      closed(...weeks.map((day) => day.slice(0, 10))),
      '2026-07-19T12:00+02:00',
      false,
      '2026-09-02T07:30+02:00',
    ],
    [
      'a place that is open day and night but on this day',
      { timeZone: ZONE, periods: ALWAYS, closedOn: new Set(['2026-12-25']) },
      '2026-12-24T10:00+01:00',
      true,
      '2026-12-25T00:00+01:00',
    ],
  ])('%s', (_when, hours, now, isOpen, changesAt) => {
    expect(openingAt(hours, at(now))).toEqual({ isOpen, ...(changesAt && { changesAt: at(changesAt) }) });
  });
});

describe('exam mode', () => {
  const rules = { ...BASE, openingHours: SCHOOL };
  test.each<[string, string, Exam, 'exam' | 'site-closed' | 'open', string | undefined]>([
    ['while it runs', '08:00', exam('2026-11-23T12:30+01:00'), 'exam', '2026-11-23T12:30+01:00'],
    ['at its end', '12:30', exam('2026-11-23T12:30+01:00'), 'open', undefined],
    ['one that lasts beyond closing', '15:00', exam('2026-11-23T17:00+01:00'), 'exam', '2026-11-24T07:30+01:00'],
    [
      'closed, and an exam in the morning',
      '07:00',
      exam('2026-11-23T09:00+01:00'),
      'site-closed',
      '2026-11-23T09:00+01:00',
    ],
  ])('%s', (_what, time, set, state, until) => {
    const access = siteAccess(rules, at(`2026-11-23T${time}+01:00`), set);
    expect(access.isOpen ? 'open' : access.reason).toBe(state);
    if (!access.isOpen) expect(access.until).toBe(until && at(until));
  });

  test('nobody is let in, with a grant or while the store is down, whatever the site says for that case', () => {
    const set = exam('2026-11-23T12:30+01:00');
    expect(decide(grant(), rules, NOW, set)).toEqual({ accept: false, reason: 'exam' });
    expect(decide(grant(), rules, set.until, set)).toMatchObject({ accept: false, reason: 'grant-expired' });
    const open = { ...rules, whenStoreFails: 'open' } as const;
    expect(decideWithoutStore(undefined, open, NOW, set)).toEqual({ accept: false, reason: 'exam' });
    expect(decideWithoutStore(grant(), rules, NOW, set)).toEqual({ accept: false, reason: 'exam' });
  });
});

describe('terms', () => {
  const terms: Terms[] = [
    { version: '1', validFrom: NOW - 30 * DAY },
    { version: '1a', validFrom: NOW - DAY, reaccept: false },
    { version: '2', validFrom: NOW + HOUR },
  ];
  const rules = { ...BASE, terms };
  test.each<[string, string, number, string | undefined]>([
    ['the version in force', '1a', 0, undefined],
    ['one before a corrected comma', '1', 0, undefined],
    ['the last moment of the former version', '1', HOUR - SECOND, undefined],
    ['a binding version comes into force', '1', HOUR, 'terms-changed'],
    ['the new one', '2', HOUR, undefined],
    ['one that is not listed', '0', 0, 'terms-changed'],
  ])('%s', (_what, termsVersion, later, reason) => {
    const decision = decide(grant({ termsVersion }), rules, NOW + later);
    expect(decision.accept ? undefined : decision.reason).toBe(reason);
  });

  test('no session and no grant lasts beyond the moment at which new terms have to be accepted', () => {
    expect(decide(grant(), rules, NOW)).toMatchObject({ acceptance: { sessionTimeoutSeconds: 3600 } });
    expect(grantEnd(rules, NOW)).toBe(NOW + HOUR);
  });
});

describe('a blocking', () => {
  const blocking: Blocking = {
    ...{ id: 'b', targets: ['example.org'], reason: 'Urteil', from: NOW + HOUR, until: NOW + 2 * HOUR },
    filter: 'no-example',
  };
  const { filter: _, ...unfiltered } = blocking;
  test.each<[string, Blocking, number, number, readonly string[] | undefined]>([
    ['before it begins a session lasts until then', blocking, 0, 3600, undefined],
    ['while it lasts gateways are told its filter, until its end', blocking, HOUR, 3600, ['no-example']],
    ['afterwards it is gone', blocking, 2 * HOUR, 7200, undefined],
    ['one that the resolver holds does not end sessions at its end', unfiltered, HOUR, 10_800, undefined],
  ])('%s', (_what, one, later, sessionTimeoutSeconds, filters) => {
    const decision = decide(grant(), { ...BASE, blockings: [one] }, NOW + later);
    expect(decision).toEqual({
      accept: true,
      acceptance: { sessionTimeoutSeconds, idleTimeoutSeconds: 600, ...(filters && { filters }) },
    });
  });
});

describe('what a device may use', () => {
  const used = (octets: number, seconds = 0): DayUse => ({ octets, seconds });
  const tomorrow = at('2026-11-24T04:00+01:00');
  test.each<[string, Partial<SiteRules>, Applicant, object]>([
    ['a fresh device', { maxOctets: 10 }, {}, { accept: true, expiresAt: NOW + 4 * HOUR }],
    [
      'one acceptance used up',
      { maxOctets: 10 },
      { before: grant({ usedOctets: 10 }) },
      { accept: false, reason: 'octets-used-up', until: NOW + 4 * HOUR },
    ],
    ['some of it', { maxOctets: 10 }, { before: grant({ usedOctets: 9 }) }, { accept: true }],
    [
      'the day used up, by grants that are over',
      { maxOctets: 10, octetsPer: 'day' },
      { usedToday: used(10) },
      { accept: false, reason: 'octets-used-up', until: tomorrow },
    ],
    [
      'a grant of yesterday does not count for today',
      { maxOctets: 10, octetsPer: 'day' },
      { before: grant({ usedOctets: 10 }), usedToday: used(0) },
      { accept: true },
    ],
    [
      'half of the minutes of the day',
      { daySeconds: 3600 },
      { usedToday: used(0, 1800) },
      { accept: true, expiresAt: NOW + 30 * MINUTE },
    ],
    [
      'all of them',
      { daySeconds: 3600 },
      { usedToday: used(0, 3600) },
      { accept: false, reason: 'time-used-up', until: tomorrow },
    ],
  ])('%s', (_what, rules, applicant, expected) => {
    expect(decideGrant(applicant, { ...BASE, ...rules }, NOW, ZONE)).toMatchObject(expected);
  });
});

describe('always', () => {
  const offset = fc.integer({ min: -3 * 24 * 60, max: 3 * 24 * 60 }).map((minutes) => NOW + minutes * MINUTE);
  const rulesOf = fc.record({
    hours: fc.array(
      fc.record({
        days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
        from: fc.integer({ min: 0, max: 700 }),
        length: fc.integer({ min: 1, max: 700 }),
      }),
      { maxLength: 3 },
    ),
    holiday: fc.boolean(),
    terms: fc.array(fc.record({ validFrom: offset, reaccept: fc.boolean() }), { maxLength: 3 }),
    blockings: fc.array(fc.record({ from: offset, hours: fc.integer({ min: 1, max: 50 }), told: fc.boolean() }), {
      maxLength: 2,
    }),
    exam: fc.option(offset, { nil: undefined }),
    now: offset,
    octetsLeft: fc.option(fc.nat(100), { nil: undefined }),
  });
  const built = rulesOf.map(({ hours, holiday, terms, blockings, exam: until, now, octetsLeft }) => {
    const versions = [{ version: '1', validFrom: 0 }, ...terms.map((one, i) => ({ ...one, version: `v${i}` }))];
    const rules: SiteRules = {
      ...BASE,
      ...(octetsLeft !== undefined && { maxOctets: octetsLeft }),
      ...(hours.length > 0 && {
        openingHours: {
          timeZone: ZONE,
          periods: hours.map(({ days, from, length }) => ({ days, from, to: from + length })),
          closedOn: new Set(holiday ? ['2026-11-23'] : []),
        },
      }),
      terms: versions,
      blockings: blockings.map(({ from, hours: long, told }, i) => {
        return {
          id: `${i}`,
          targets: [],
          reason: '',
          from,
          until: from + long * HOUR,
          ...(told && { filter: `${i}` }),
        };
      }),
    };
    return { rules, now, exam: until === undefined ? undefined : { site: 'school', until } };
  });

  test('a device that is let in may stay, at every moment until its session ends', () => {
    fc.assert(
      fc.property(built, fc.double({ min: 0, max: 0.999, noNaN: true }), ({ rules, now, exam: set }, part) => {
        const held = grant({ expiresAt: now + 4 * HOUR });
        const decision = decide(held, rules, now, set);
        if (!decision.accept) return;
        const { sessionTimeoutSeconds, filters } = decision.acceptance;
        expect(now + sessionTimeoutSeconds * SECOND).toBeLessThanOrEqual(held.expiresAt);
        const later = Math.floor(now + part * Math.max(0, sessionTimeoutSeconds * SECOND - SECOND));
        const then = decide(held, rules, later, set);
        expect(then).toMatchObject({ accept: true });
        expect(then.accept && then.acceptance.filters).toEqual(filters);
      }),
      { numRuns: 500 },
    );
  });

  test('a site that says when it opens is open then and not a moment before', () => {
    fc.assert(
      fc.property(built, ({ rules, now, exam: set }) => {
        const access = siteAccess(rules, now, set);
        if (access.isOpen || access.until === undefined) return;
        expect(siteAccess(rules, access.until, set).isOpen).toBe(true);
        expect(siteAccess(rules, access.until - 1, set).isOpen).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('what the portal grants, RADIUS accepts; at a closed site neither does', () => {
    fc.assert(
      fc.property(built, ({ rules, now, exam: set }) => {
        const isOpen = siteAccess(rules, now, set).isOpen;
        const made = decideGrant({}, rules, now, ZONE);
        if (!made.accept) return;
        const versions = rules.terms ?? [];
        const newest = versions
          .filter(({ validFrom }) => validFrom <= now)
          .sort((a, b) => b.validFrom - a.validFrom)[0];
        const fresh = grant({ termsVersion: newest?.version ?? '', acceptedAt: now, expiresAt: made.expiresAt });
        const decision = decide(fresh, rules, now, set);
        if (!isOpen) expect(decision.accept).toBe(false);
        else if (rules.maxOctets !== 0 && made.expiresAt - now >= SECOND) expect(decision.accept).toBe(true);
        expect(unseenGrantEnd(rules, now)).toBeLessThanOrEqual(now + 10 * MINUTE);
      }),
      { numRuns: 500 },
    );
  });
});
