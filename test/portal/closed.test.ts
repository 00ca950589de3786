import request from 'supertest';
import { HOUR, MINUTE } from '../../core/time';
import { acceptances, closeStores, NOW, testPortal, townConfig, uamRedirect, visitField } from './support/town';

afterAll(closeStores);

/** NOW is a Saturday, 19:00 in Berlin. */
const open = (from: string, to: string) =>
  townConfig((yaml) =>
    yaml.replace(
      'rules: { maxMegabytes: 1000 }',
      `rules: { openingHours: [{ days: [sa], from: '${from}', to: '${to}' }, { days: [mo], from: '08:00', to: '18:00' }] }`,
    ),
  );

test.each([
  ['de', 'Dieser Ort hat gerade geschlossen', 'Montag, 23. November um 08:00'],
  ['en', 'This place is closed right now', 'Monday 23 November at 08:00'],
])('out of hours the page says when it opens again, in %s', async (language, title, when) => {
  const { app } = await testPortal(open('08:00', '19:00'));
  const page = await request(app).get(uamRedirect()).set('Accept-Language', language).expect(403);
  expect(page.text).toContain(title);
  expect(page.text).toContain(when);
  expect(page.text).not.toContain('name="visit"');
});

test('who saw the terms before closing cannot accept them after it', async () => {
  const { app, store, clock } = await testPortal(open('08:00', '19:30'));
  const visit = await visitField(app);
  await clock.advance(30 * MINUTE);
  const page = await request(app).post('/accept').type('form').send({ visit }).expect(403);
  expect(page.text).toContain('Dieser Ort hat gerade geschlossen');
  expect(await acceptances(store)).toBe(0);
});

test('within hours the time granted ends at closing, and the page says so beforehand', async () => {
  const { app, store } = await testPortal(open('08:00', '20:00'));
  const page = await request(app).get(uamRedirect()).expect(200);
  expect(page.text).toContain('1 Stunde');
  const visit = await visitField(app);
  const answer = await request(app).post('/accept').type('form').send({ visit }).expect(303);
  const back = new URL(new URL(String(answer.headers.location)).searchParams.get('userurl') ?? '');
  expect(
    (
      await request(app)
        .get(back.pathname + back.search)
        .redirects(1)
    ).text,
  ).toContain('20:00');
  expect(await acceptances(store)).toBe(1);
  expect(NOW + HOUR).toBe(Date.parse('2026-11-21T20:00+01:00'));
});
