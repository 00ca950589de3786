import { inspect } from 'node:util';
import request from 'supertest';
import { FEEDBACK_TEXT_LENGTH, feedbackDue, feedbackReference } from '../../core/feedback';
import { DAY, HOUR, MINUTE } from '../../core/time';
import { FeedbackPace, MOST_OPEN_ENTRIES } from '../../portal/feedback';
import { feedbackGauge } from '../../portal/metrics';
import { systemRandom } from '../../runtime/random';
import { closeStores, NOW, PORTAL, testPortal, townConfig } from './support/town';

afterAll(closeStores);

type Town = Awaited<ReturnType<typeof testPortal>>;

async function formOf({ app }: Town, query = ''): Promise<string> {
  const page = await request(app).get(`/feedback${query}`).expect(200);
  expect(page.headers['cache-control']).toBe('no-store');
  expect(page.headers).not.toHaveProperty('set-cookie');
  return /name="form" value="([\w-]+)"/.exec(page.text)?.[1] ?? 'none';
}

const send = ({ app }: Town, fields: object, language = 'de') =>
  request(app).post(`/feedback?l=${language}`).type('form').send(fields);

const MESSAGE = {
  topic: 'accessibility',
  text: 'Der Knopf ist zu klein.\r\n„Weiter“ & <b>mehr</b>',
  contact: ' 030 1 ',
};

test('a message reaches the store with a number and a month’s time, and the writer sees both', async () => {
  const town = await testPortal();
  const page = await send(town, { ...MESSAGE, form: await formOf(town) }).expect(200);
  const [entry, ...more] = await town.store.listFeedback();
  expect(more).toEqual([]);
  expect(entry).toEqual({
    reference: expect.stringMatching(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/),
    topic: 'accessibility',
    text: 'Der Knopf ist zu klein.\n„Weiter“ & <b>mehr</b>',
    contact: '030 1',
    language: 'de',
    receivedAt: NOW,
    dueAt: Date.parse('2026-12-21T18:00:00Z'),
  });
  expect(page.text).toContain(entry?.reference);
  expect(page.text).toContain('Sie erhalten eine Antwort bis zum 21. Dezember 2026');
});

test('without a contact nothing of the kind is kept, and the page says that no answer can come', async () => {
  const town = await testPortal();
  const page = await send(town, { text: 'x', form: await formOf(town) }, 'en').expect(200);
  expect(await town.store.listFeedback()).toMatchObject([{ topic: 'other', language: 'en' }]);
  expect((await town.store.listFeedback())[0]).not.toHaveProperty('contact');
  expect(page.text).toContain('We cannot answer you');
});

test('signs that turn the direction of text are not taken: our own pages mark German by them', async () => {
  const town = await testPortal();
  const typed = { text: 'Zeile \u2066eins\u2069 \u202ezwei', contact: '\u2066030\u2069 1' };
  const shownAgain = await send(town, { ...typed, form: 'rubbish' }).expect(400);
  expect(shownAgain.text).toContain('>Zeile eins zwei</textarea>');
  await send(town, { ...typed, form: await formOf(town) }).expect(200);
  expect(await town.store.listFeedback()).toMatchObject([{ text: 'Zeile eins zwei', contact: '030 1' }]);
});

test('a form that is sent twice is one entry with one number', async () => {
  const town = await testPortal();
  const form = await formOf(town);
  const [first, second] = [await send(town, { ...MESSAGE, form }), await send(town, { ...MESSAGE, form })];
  expect(second.text).toBe(first.text);
  expect(await town.store.listFeedback()).toHaveLength(1);
});

describe('what cannot be taken is announced, and what was typed stays', () => {
  test.each<[string, object, number, string, string]>([
    ['nothing written', { text: '  \r\n ' }, 400, 'Bitte schreiben Sie eine Nachricht', 'text'],
    ['too much written', { text: 'ä'.repeat(FEEDBACK_TEXT_LENGTH + 1) }, 413, 'Höchstens 4000 Zeichen', 'text'],
    ['too long a contact', { contact: 'x'.repeat(201) }, 413, 'Höchstens 200 Zeichen', 'contact'],
    ['no form of ours', { form: 'rubbish' }, 400, 'Die Seite war zu lange offen', ''],
  ])('%s', async (_, fields, status, sentence, field) => {
    const town = await testPortal();
    const given = { ...MESSAGE, form: await formOf(town), ...fields };
    const { text } = await send(town, given).expect(status);
    expect(text).toMatch(/<h1>Noch nicht abgesendet<\/h1>/);
    expect(text).toContain('role="alert"');
    expect(text).toContain(sentence);
    if (field !== '') expect(text).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true"`));
    expect(text).toMatch(/value="accessibility" checked/);
    if (given.text === MESSAGE.text) expect(text).toContain('„Weiter“ &amp; &lt;b&gt;mehr&lt;/b&gt;</textarea>');
    expect(await town.store.listFeedback()).toEqual([]);
  });

  test('a page that was open for a day; sent once more it arrives', async () => {
    const town = await testPortal();
    const form = await formOf(town);
    town.clock.step(DAY);
    const page = await send(town, { ...MESSAGE, form }).expect(400);
    const next = /name="form" value="([\w-]+)"/.exec(page.text)?.[1];
    await send(town, { ...MESSAGE, form: next }).expect(200);
  });

  const behindProxy = townConfig((yaml) => yaml.replace(`'${PORTAL}' }`, `'${PORTAL}', trustProxy: 1 }`));
  const sendFrom = async (town: Town, source: string) =>
    send(town, { ...MESSAGE, form: await formOf(town) }).set('X-Forwarded-For', source);

  test('too many of one source, and nobody else is kept out; a few minutes later there is room again', async () => {
    const town = await testPortal(behindProxy);
    const answers = [];
    for (let i = 0; i < 11; i++) answers.push(await sendFrom(town, `2001:db8:0:1::${i}`));
    expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(200), 429]);
    expect(answers.at(-1)?.text).toContain('02374 1234-0');
    expect(answers.at(-1)?.text).toContain('mehr&lt;/b&gt;</textarea>');
    expect(answers.at(-1)?.headers['retry-after']).toBe('180');
    expect((await sendFrom(town, '2001:db8:0:2::1')).status).toBe(200);
    await town.clock.advance(3 * MINUTE);
    expect((await sendFrom(town, '2001:db8:0:1::1')).status).toBe(200);
  });

  test('too many altogether, wherever they come from; none of it is known afterwards', () => {
    const pace = new FeedbackPace(systemRandom);
    const taken = Array.from({ length: 100 }, (_, i) => pace.allows(`192.0.2.${i}`, 0));
    expect(taken.filter(Boolean)).toHaveLength(60);
    expect(inspect(pace, { depth: 10, showHidden: true })).not.toContain('192.0.2.');
    // Once a minute one more.
    expect([1, 2].map(() => pace.allows('198.51.100.1', MINUTE))).toEqual([true, false]);
  });

  test('a heap that nobody answers does not grow for ever', async () => {
    const town = await testPortal();
    const entry = { topic: 'other', text: 'x', language: 'de', receivedAt: NOW, dueAt: NOW + HOUR } as const;
    const numbers = Array.from({ length: MOST_OPEN_ENTRIES }, (_, i) => i);
    await Promise.all(numbers.map((i) => town.store.putFeedback({ ...entry, reference: `${i}` }, MOST_OPEN_ENTRIES)));
    await send(town, { ...MESSAGE, form: await formOf(town) }).expect(429);
    expect(await town.registry.metrics()).toContain('stadtfunk_portal_feedback_total{result="full"} 1');
  });

  test('a store that fails', async () => {
    const town = await testPortal();
    const form = await formOf(town);
    await town.store.close();
    const { text } = await send(town, { ...MESSAGE, form }).expect(503);
    expect(text).toContain('im Augenblick nicht speichern');
    expect(text).toContain('&lt;b&gt;mehr');
  });
});

test('the longest message in the longest letters fits, and a flood does not', async () => {
  const town = await testPortal();
  await send(town, { text: 'ት'.repeat(FEEDBACK_TEXT_LENGTH), form: await formOf(town) }).expect(200);
  expect((await town.store.listFeedback())[0]?.text).toHaveLength(FEEDBACK_TEXT_LENGTH);
  const pasted = `Anfang${'x'.repeat(50_000)}Ende`;
  const flood = await send(town, { topic: 'accessibility', text: pasted, form: await formOf(town) }).expect(413);
  expect(flood.text).toContain('<h1>Noch nicht abgesendet</h1>');
  expect(flood.text).toContain('Höchstens 4000 Zeichen');
  // All of it is there again to be shortened, and the form can be sent.
  expect(flood.text).toContain(`>${pasted}</textarea>`);
  const form = /name="form" value="([\w-]+)"/.exec(flood.text)?.[1];
  await send(town, { text: 'Anfang', form }).expect(200);
});

test('of a text beyond all bounds the beginning comes back', async () => {
  const town = await testPortal();
  const flood = await send(town, { topic: 'accessibility', text: 'Ä'.repeat(100_000), form: '' }).expect(413);
  expect(flood.text).toContain('Höchstens 4000 Zeichen');
  const kept = />(Ä+)[^<]*<\/textarea>/.exec(flood.text)?.[1]?.length ?? 0;
  expect(kept).toBeGreaterThan(2 * FEEDBACK_TEXT_LENGTH);
  const next = /name="form" value="([\w-]+)"/.exec(flood.text)?.[1];
  await send(town, { text: 'Kurz', form: next }).expect(200);
});

test('control characters do not get as far as an operator’s terminal', async () => {
  const town = await testPortal();
  const form = await formOf(town);
  await send(town, { text: 'a\u001b[2Jb\u0000\tc', contact: 'x\u0000\ny', form }).expect(200);
  expect(await town.store.listFeedback()).toMatchObject([{ text: 'a[2Jb\tc', contact: 'x y' }]);
});

test.each<[Record<string, string>, number]>([
  [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
  [{ Origin: 'https://evil.example' }, 403],
  [{ Origin: 'null' }, 200],
])('a form sent with %j is answered with %d', async (headers, status) => {
  const town = await testPortal();
  await send(town, { ...MESSAGE, form: await formOf(town) })
    .set(headers)
    .expect(status);
  expect(await town.store.listFeedback()).toHaveLength(status === 200 ? 1 : 0);
});

test('the accessibility statement leads to the form with its topic chosen', async () => {
  const { app } = await testPortal();
  const { text } = await request(app).get('/feedback?topic=accessibility');
  expect(text).toMatch(/value="accessibility" checked/);
});

test('what is open and overdue is a figure; while the store fails there is none, and the others are served', async () => {
  const town = await testPortal();
  feedbackGauge(town.registry, () => town.store.countFeedback(town.clock.now()));
  await send(town, { ...MESSAGE, form: await formOf(town) });
  town.clock.step(31 * DAY);
  const page = await town.registry.metrics();
  for (const state of ['open', 'overdue']) expect(page).toContain(`stadtfunk_feedback_entries{state="${state}"} 1`);
  await town.store.close();
  const without = await town.registry.metrics();
  expect(without).not.toContain('stadtfunk_feedback_entries{');
  expect(without).toContain('stadtfunk_portal_feedback_total{result="kept"} 1');
});

test.each([
  ['2026-11-21', '2026-12-21'],
  ['2026-12-31', '2027-01-31'],
  ['2027-01-31', '2027-02-28'],
  ['2028-01-30', '2028-02-29'],
  ['2026-10-31', '2026-11-30'],
])('what came on %s is due on %s', (received, due) => {
  const time = 'T23:30:00.000Z';
  expect(new Date(feedbackDue(Date.parse(received + time))).toISOString()).toBe(due + time);
});

test('references differ and have only letters that nobody mixes up', () => {
  const drawn = Array.from({ length: 1000 }, () => feedbackReference(systemRandom.bytes(16)));
  expect(new Set(drawn).size).toBe(1000);
  expect(drawn.join('')).toMatch(/^[2-9A-HJKMNP-TV-Z-]+$/);
});
