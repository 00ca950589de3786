import request from 'supertest';
import { DeviceAddress } from '../../core/mac';
import { HOUR, MINUTE } from '../../core/time';
import { schoolWord } from '../../runtime/school-link';
import {
  acceptances,
  closeStores,
  DEVICE,
  NOW,
  openndsRedirect,
  testPortal,
  townConfig,
  uamRedirect,
  visitField,
} from './support/town';

afterAll(closeStores);

const KEY = '0123456789abcdefABCDEF0123456789xyz';
const SCHOOL = `/school/school?k=${schoolWord(KEY, 'school', 1)}`;
/** NOW is a Saturday, 19:00 in Berlin. */
const school = () => townConfig((yaml) => yaml.replace('kind: school }', 'kind: school, examLink: 1 }'));
const withRules = (rules: string, more = '') =>
  townConfig((yaml) => yaml.replace('rules: { maxMegabytes: 1000 }', `rules: { ${rules} }`) + more);
type App = Parameters<typeof request>[0];
const accept = (app: App, visit: string) => request(app).post('/accept').type('form').send({ visit });
const device = DeviceAddress.parse(DEVICE);
if (device === undefined) throw new Error('not a device address');

describe('exam mode', () => {
  test('a visitor is told what goes on and until when, before the terms and after them', async () => {
    const { app, store, clock } = await testPortal(school());
    const visit = await visitField(app, uamRedirect('plain'));
    await store.putExam({ site: 'school', until: NOW + HOUR });
    for (const answer of [await request(app).get(uamRedirect('plain')), await accept(app, visit)]) {
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('Hier läuft gerade eine Prüfung');
      expect(answer.text).toContain('Wieder ab 20:00');
    }
    await request(app).get(uamRedirect()).expect(200);
    await clock.advance(HOUR);
    await accept(app, visit).expect(303);
  });

  test('the school sets it, changes its end and ends it by its own link, and the status page says so', async () => {
    const { app, store, clock } = await testPortal(school());
    expect((await request(app).get(SCHOOL).expect(200)).text).toContain('Keine Prüfung');
    const send = (form: object) => request(app).post(SCHOOL).type('form').send(form);
    const answer = await send({ until: '20:30' }).expect(303);
    expect((await request(app).get(String(answer.headers.location)).expect(200)).text).toContain('Prüfung bis 20:30');
    expect(await store.findExam('school', NOW)).toEqual({ site: 'school', until: NOW + 90 * MINUTE });
    expect((await request(app).get('/status/school')).text).toContain('Prüfung bis 20:30');
    expect((await request(app).get('/status/school.json')).body.examUntil).toBe('2026-11-21T19:30:00.000Z');
    await send({ until: '21:00' }).expect(303);
    expect((await store.findExam('school', NOW))?.until).toBe(NOW + 2 * HOUR);
    await send({ do: 'end' }).expect(303);
    expect(await store.findExam('school', NOW)).toBeUndefined();
    await send({ until: '20:00' }).expect(303);
    await clock.advance(HOUR);
    expect((await request(app).get(SCHOOL)).text).toContain('Keine Prüfung');
  });

  test.each(['18:59', '19:00', '25:00', 'gleich', ''])('an end at "%s" is refused in plain words', async (until) => {
    const { app, store } = await testPortal(school());
    const page = await request(app).post(SCHOOL).type('form').send({ until }).expect(422);
    expect(page.text).toContain('Diese Uhrzeit geht nicht');
    expect(await store.exams(NOW)).toEqual(new Map());
  });

  test.each([
    ['without the word', '/school/school'],
    ['with another school’s', `/school/school?k=${schoolWord(KEY, 'square', 1)}`],
    ['with the one before', `/school/school?k=${schoolWord(KEY, 'school', 2)}`],
    ['with one made under another key', `/school/school?k=${schoolWord(`${KEY}!`, 'school', 1)}`],
    ['of a site that has no link', `/school/square?k=${schoolWord(KEY, 'square', 1)}`],
  ])('%s there is no such page, and nothing is switched', async (_how, path) => {
    const { app, store } = await testPortal(school());
    await request(app).get(path).expect(404);
    await request(app).post(path).type('form').send({ until: '20:00' }).expect(404);
    expect(await store.exams(NOW)).toEqual(new Map());
  });

  test('a form of another site switches nothing, even with the word', async () => {
    const { app, store } = await testPortal(school());
    await request(app)
      .post(SCHOOL)
      .set('Sec-Fetch-Site', 'cross-site')
      .type('form')
      .send({ until: '20:00' })
      .expect(403);
    expect(await store.exams(NOW)).toEqual(new Map());
  });
});

test('what is blocked here is shown before the terms, and on the status page, until its last day', async () => {
  const blocking = `
blockings:
  - { id: b1, sites: [square], targets: [example.org, TCP 6881], reason: Urteil 12 O 34/26, rightsHolder: Sony, from: 2026-11-01, until: 2026-11-21 }
`;
  const { app, clock } = await testPortal(withRules('sessionMinutes: 60', blocking));
  const shown = async (path: string) => (await request(app).get(path).expect(200)).text;
  for (const path of [uamRedirect(), '/status/square']) {
    expect(await shown(path)).toContain(
      'Gesperrt bis 21. November 2026: example.org, TCP 6881. Grund: Urteil 12 O 34/26.',
    );
    expect(await shown(path)).not.toContain('Sony');
  }
  expect(await shown(uamRedirect('plain'))).not.toContain('Gesperrt');
  await clock.advance(5 * HOUR);
  expect(await shown(uamRedirect())).not.toContain('Gesperrt');
});

describe('limits for a day', () => {
  test('the volume counts on after a grant has ended, and the page says until when', async () => {
    const { app, store, clock } = await testPortal(withRules('maxMegabytes: 1, maxMegabytesPer: day'));
    await accept(app, await visitField(app)).expect(303);
    const grant = await store.findGrant('square', device, NOW);
    const usage = { kind: 'stop', gateway: 'town-hall', site: 'square', sessionId: 's', downloadOctets: 2e6 } as const;
    await store.applyAccounting({ ...usage, grantId: grant?.id ?? '', eventAt: NOW, receivedAt: NOW });
    await store.endGrant(grant?.id ?? '', NOW);
    clock.step(1);
    const page = await accept(app, await visitField(app)).expect(403);
    expect(page.text).toContain('Das Datenvolumen für heute ist aufgebraucht');
    expect(page.text).toContain('22. November um 04:00');
    await clock.advance(9 * HOUR);
    await accept(app, await visitField(app)).expect(303);
  });

  test('minutes count from each acceptance to its end, and what is left is what the page offers', async () => {
    const { app, store, clock } = await testPortal(withRules('minutesPerDay: 60'));
    await accept(app, await visitField(app)).expect(303);
    const grant = await store.findGrant('square', device, NOW);
    expect(grant?.expiresAt).toBe(NOW + HOUR);
    await clock.advance(20 * MINUTE);
    await store.orderEnd({ grant: grant?.id ?? '' }, clock.now());
    await clock.advance(HOUR);
    const page = (await request(app).get(uamRedirect())).text;
    expect(page).toContain('40 Minuten');
    expect(page).toContain('bleibt bis vier Uhr morgens');
    await accept(app, await visitField(app)).expect(303);
    expect((await store.findGrant('square', device, clock.now()))?.expiresAt).toBe(clock.now() + 40 * MINUTE);
    await clock.advance(40 * MINUTE);
    const refused = await accept(app, await visitField(app)).expect(403);
    expect(refused.text).toContain('Die Zeit für heute ist aufgebraucht');
  });
});

test('who saw the terms before new ones came into force is shown those, and nothing is granted', async () => {
  const config = school();
  const [site, ...rest] = config.sites;
  if (site === undefined) throw new Error('no site');
  const terms = [...(site.rules.terms ?? []), { version: '2027-01', validFrom: NOW + HOUR, reaccept: true }];
  const { app, store, clock } = await testPortal({
    ...config,
    sites: [{ ...site, rules: { ...site.rules, terms } }, ...rest],
  });
  const visit = await visitField(app);
  await clock.advance(HOUR);
  const answer = await accept(app, visit).expect(303);
  expect(answer.headers.location).toMatch(/^\/visit\?visit=/);
  expect(await acceptances(store)).toBe(0);
});

test('one page that is accepted twice is one acceptance', async () => {
  const { app, store, clock } = await testPortal();
  const visit = await visitField(app);
  await accept(app, visit).expect(303);
  await clock.advance(MINUTE);
  await accept(app, visit).expect(303);
  expect(await acceptances(store)).toBe(1);
  await accept(app, await visitField(app)).expect(303);
  expect(await acceptances(store)).toBe(2);
});

describe('while the store does not answer', () => {
  test.each(['grace', 'closed'])(
    'a visitor of a site with `%s` sees the terms, and is told when to try again',
    async (rule) => {
      const { app, store } = await testPortal(withRules(`whenStoreFails: ${rule}`));
      await store.close();
      const visit = await visitField(app);
      const page = await accept(app, visit).expect(503);
      expect(page.headers['retry-after']).toBe('30');
      expect(page.text).toContain('Gerade geht es nicht');
    },
  );

  test('a visitor of a site that is open then is let in for ten minutes', async () => {
    const { app, store, clock } = await testPortal(withRules('whenStoreFails: open'));
    await store.close();
    const answer = await accept(app, await visitField(app)).expect(303);
    const target = new URL(String(answer.headers.location));
    expect(target.pathname).toBe('/logon');
    expect(target.searchParams.get('username')).toMatch(/^[\w-]{22}$/);
    const back = new URL(target.searchParams.get('userurl') ?? '');
    await clock.advance(MINUTE);
    expect(
      (
        await request(app)
          .get(back.pathname + back.search)
          .redirects(1)
      ).text,
    ).toContain('19:10');
  });
});

test('a gateway that is not asked by RADIUS refuses during an exam as well', async () => {
  const { app, store } = await testPortal();
  await store.putExam({ site: 'shelter', until: NOW + HOUR });
  expect((await request(app).get(openndsRedirect()).expect(403)).text).toContain('Prüfung');
});
