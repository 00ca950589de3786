import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCalendar } from '../../config/calendar';
import { parseConfig } from '../../config/load';

const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-calendar-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string, name = 'days.ics') {
  writeFileSync(join(folder, name), text);
  const calendar = readCalendar(name, folder);
  return calendar.ok ? [...calendar.days].sort() : calendar;
}

/** Lines as calendar programs end them. */
const ics = (...lines: string[]) => ['BEGIN:VCALENDAR', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const event = (...lines: string[]) => ics('BEGIN:VEVENT', ...lines, 'END:VEVENT');

test.each<[string, string, string[]]>([
  [
    'the end is the day after the last one',
    event('DTSTART;VALUE=DATE:20261223', 'DTEND;VALUE=DATE:20261225'),
    ['2026-12-23', '2026-12-24'],
  ],
  ['without an end it is one day', event('DTSTART;VALUE=DATE:20261003'), ['2026-10-03']],
  [
    'an end on the same day is one day',
    event('DTSTART;VALUE=DATE:20261003', 'DTEND;VALUE=DATE:20261003'),
    ['2026-10-03'],
  ],
  [
    'midnight to midnight',
    event('DTSTART;TZID=Europe/Berlin:20261003T000000', 'DTEND:20261004T000000Z'),
    ['2026-10-03'],
  ],
  [
    'a folded line goes on',
    event('SUMMARY:Tag der Deutschen', '  Einheit', 'DTSTART;VALUE=DATE:2026', ' 1003'),
    ['2026-10-03'],
  ],
  [
    'over the end of a year',
    event('DTSTART;VALUE=DATE:20261231', 'DTEND;VALUE=DATE:20270102'),
    ['2026-12-31', '2027-01-01'],
  ],
  [
    'an event that was called off counts for nothing',
    event('STATUS:CANCELLED', 'RRULE:FREQ=DAILY').replace(
      'BEGIN:VEVENT',
      'BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261004\r\nEND:VEVENT\r\nBEGIN:VEVENT',
    ),
    ['2026-10-04'],
  ],
])('iCalendar: %s [RFC 5545 3.6.1]', (_what, text, days) => {
  expect(read(text)).toEqual(days);
});

test.each([
  ['a day that does not exist', event('DTSTART;VALUE=DATE:20260631'), 'has no whole days (DTSTART, DTEND)'],
  ['a time of day', event('DTSTART:20261003T083000'), 'has no whole days (DTSTART, DTEND)'],
  ['a repetition', event('DTSTART;VALUE=DATE:20261003', 'RRULE:FREQ=YEARLY'), 'repeats: write each of its days'],
  ['a duration', event('DTSTART;VALUE=DATE:20261003', 'DURATION:P2D'), 'has a DURATION: write DTEND'],
  [
    'an end before the beginning',
    event('DTSTART;VALUE=DATE:20261003', 'DTEND;VALUE=DATE:20261001'),
    'ends before it begins',
  ],
  ['a wrong year', event('DTSTART;VALUE=DATE:20261003', 'DTEND;VALUE=DATE:20281001'), 'is longer than 120 days'],
])('iCalendar: %s is a mistake and names the line', (_what, text, why) => {
  const line = text.split('\r\n').indexOf('END:VEVENT') + 1;
  expect(read(text)).toEqual({ ok: false, line, why: `the event that ends here ${why}` });
});

test.each([
  ['nothing', ics(), 'it names no day'],
  ['a file that was cut off', 'BEGIN:VEVENT\nDTSTART:20261003', 'its last event has no end'],
])('iCalendar: %s is a mistake', (_what, text, why) => {
  expect(read(text)).toEqual({ ok: false, why });
});

test.each<[string, string, unknown]>([
  [
    'the last day belongs to it',
    '[{"name":"Ferien","from":"2026-12-23","to":"2026-12-24"}]',
    ['2026-12-23', '2026-12-24'],
  ],
  ['one day', '[{"from":"2026-05-01"}]', ['2026-05-01']],
  ['not JSON', '{', { ok: false, why: 'it is not JSON' }],
  ['an empty list', '[]', { ok: false, why: 'it names no day' }],
  [
    'the days reversed',
    '[{"from":"2026-05-02","to":"2026-05-01"}]',
    { ok: false, why: 'the entry of 2026-05-02 ends before it begins' },
  ],
])('JSON: %s', (_what, text, expected) => {
  expect(read(text, 'days.json')).toEqual(expected);
});

test('a site gets its hours, holidays, terms and blockings, all in the time of the town', () => {
  writeFileSync(join(folder, 'winter.json'), '[{"from":"2026-12-23","to":"2026-12-23"}]');
  const loaded = parseConfig(
    `
town: { name: Musterstadt, contact: { email: wlan@musterstadt.example } }
key: 9d3f6a0c5b7e41288f06c2d4a1e97b35
portal: { url: https://wlan.musterstadt.example }
calendars: [{ id: winter, file: winter.json }]
blockings:
  - { id: b1, sites: [schule], targets: [example.org], reason: Urteil, rightsHolder: X, from: 2026-06-01, until: 2026-12-31 }
sites:
  - { id: schule, name: Schule, kind: school, rules: { closedOn: [winter], maxMegabytes: 5, maxMegabytesPer: day, minutesPerDay: 30 } }
  - { id: platz, name: Platz, kind: square }
`,
    folder,
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
  const [school, square] = loaded.config.sites.map(({ rules }) => rules);
  expect(school?.openingHours).toMatchObject({ timeZone: 'Europe/Berlin', closedOn: new Set(['2026-12-23']) });
  expect(school).toMatchObject({ maxOctets: 5_000_000, octetsPer: 'day', daySeconds: 1800 });
  const [from, until] = ['2026-06-01T00:00+02:00', '2027-01-01T00:00+01:00'].map((text) => Date.parse(text));
  expect(school?.blockings).toEqual([{ id: 'b1', targets: ['example.org'], reason: 'Urteil', from, until }]);
  expect(square?.blockings).toEqual([]);
  expect(square?.openingHours).toBeUndefined();
  expect(square?.terms).toEqual([
    { version: '2026-11', validFrom: Date.parse('2026-11-01T00:00+01:00'), reaccept: true },
  ]);
});
