import request from 'supertest';
import { HOUR, MINUTE } from '../../core/time';
import { until, whileTimePasses } from '../support/wait';
import { online } from './support/online';
import { closeStores, DEVICE, NOW, testPortal, townConfig, UAM_SECRET } from './support/town';

afterAll(closeStores);

/** A visitor whose gateway has reported twice. */
async function busy() {
  const visitor = await online();
  const grant = await visitor.grantOf('square', DEVICE);
  if (grant === undefined) throw new Error('no grant');
  const of = {
    gateway: 'town-hall',
    sessionId: 'c0ffee01',
    site: 'square',
    grantId: grant.id,
    username: 'a-word-of-ours',
  };
  await visitor.store.applyAccounting({ kind: 'start', ...of, eventAt: NOW, receivedAt: NOW });
  const at = { eventAt: NOW + 10 * MINUTE, receivedAt: NOW + 10 * MINUTE, seconds: 600 };
  const octets = { downloadOctets: 12_300_000, uploadOctets: 400_000 };
  await visitor.store.applyAccounting({ kind: 'interim', ...of, ...at, ...octets });
  visitor.clock.step(11 * MINUTE);
  const me = (path = '/me', language = 'de') =>
    request(visitor.app).get(`${path}?c=${visitor.connection}&l=${language}`).expect(200);
  return { ...visitor, grant, me };
}

describe('what is kept about a connection', () => {
  test('is shown to the visitor in plain words, all of it', async () => {
    const { me, grant } = await busy();
    const { text, headers } = await me();
    const wanted = ['Rathausplatz', 'town-hall', '19:00', '23:00', '2026-11', grant.id];
    wanted.push('12,7 MB', '12,3 MB', '0,4 MB', '10 Minuten', '19:10', 'c0ffee01', 'a-word-of-ours');
    for (const value of wanted) expect([value, text.includes(value)]).toEqual([value, true]);
    // The key of Saturday is used until four in the morning, for grants of four hours.
    expect(text).toContain('Sonntag, 22. November um 08:10');
    expect(headers['cache-control']).toBe('no-store');
  });

  test('is shown in other languages, and to programs as JSON', async () => {
    const { me, grant } = await busy();
    expect((await me('/me', 'en')).text).toContain('What is stored about your connection');
    const { body, headers } = await me('/me.json');
    expect(headers['content-type']).toContain('application/json');
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toEqual({
      acceptance: {
        number: grant.id,
        site: 'Rathausplatz',
        gateway: 'town-hall',
        acceptedAt: '2026-11-21T18:00:00.000Z',
        termsVersion: '2026-11',
        validUntil: '2026-11-21T22:00:00.000Z',
        octetsUsed: 12_700_000,
      },
      device: { pseudonym: 'kept, not shown', keyDestroyedBefore: '2026-11-22T07:10:00.000Z' },
      sessions: [
        {
          gateway: 'town-hall',
          number: 'c0ffee01',
          userName: 'a-word-of-ours',
          startedAt: '2026-11-21T18:00:00.000Z',
          lastReportAt: '2026-11-21T18:10:00.000Z',
          seconds: 600,
          downloadOctets: 12_300_000,
          uploadOctets: 400_000,
        },
      ],
      endOrders: [],
    });
  });

  test('is nothing any more after one tap and the answer of the gateway', async () => {
    const { app, connection, clock, store, me } = await busy();
    const tap = request(app)
      .post('/disconnect')
      .type('form')
      .send({ connection })
      .then((page) => page);
    const session = { gateway: 'town-hall', sessionId: 'c0ffee01' };
    await until('the end is ordered', () => store.getEnd(session));
    expect((await me()).text).toContain('Ende angeordnet: 19:11');
    await store.applyAccounting({
      kind: 'stop',
      ...session,
      site: 'square',
      eventAt: NOW + HOUR,
      receivedAt: NOW + HOUR,
    });
    expect((await whileTimePasses(clock, tap)).text).toContain('Ihr Gerät ist nicht mehr im Internet');
    const { text } = await me();
    expect(text).toContain('Über Ihre Verbindung ist nichts mehr gespeichert');
    expect(text).not.toMatch(/Rathausplatz|c0ffee01|<form/);
    expect((await me('/me.json')).body).toEqual({ sessions: [], endOrders: [] });
  });

  test('never includes the device, its address or a secret', async () => {
    const { me, store, grant } = await busy();
    const pages = [(await me()).text, (await me('/me.json')).text, JSON.stringify(await store.recordsOf(grant.id))];
    for (const page of pages)
      expect(page).not.toMatch(new RegExp(`${DEVICE}|${DEVICE.replaceAll('-', ':')}|${UAM_SECRET}`, 'i'));
  });

  test('is named as long as it lies there, also when its time is over', async () => {
    const { me, clock, store } = await busy();
    clock.step(4 * HOUR);
    expect((await me()).text).toContain('Rathausplatz');
    await store.forget(clock.now(), { historyBefore: 0 });
    expect((await me()).text).not.toContain('2026-11<');
  });
});

test('where the day counts, it is said what stays when all else is deleted, and until when', async () => {
  const config = townConfig((yaml) => yaml.replace('{ maxMegabytes: 1000 }', '{ minutesPerDay: 300 }'));
  const visitor = await online(config);
  const { app, connection, clock, store } = visitor;
  const kept =
    'bleibt das Kürzel Ihres Geräts mit der Nutzung dieses Tages gespeichert, längstens bis Sonntag, 22. November um 04:00';
  const see = async () => (await request(app).get(`/me?c=${connection}`).expect(200)).text;
  expect(await see()).toContain(kept);
  clock.step(10 * MINUTE);
  const session = { gateway: 'town-hall', sessionId: 's', site: 'square', eventAt: NOW, receivedAt: NOW };
  const { id: grantId = '' } = (await visitor.grantOf('square', DEVICE)) ?? {};
  await store.applyAccounting({ kind: 'start', ...session, grantId });
  const tap = request(app)
    .post('/disconnect')
    .type('form')
    .send({ connection })
    .then((page) => page.text);
  await until('the end is ordered', () => store.getEnd(session));
  await store.applyAccounting({ kind: 'stop', ...session });
  expect(await whileTimePasses(clock, tap)).toContain(kept);
  expect(await tap).not.toContain('Kürzel Ihres Geräts sind gelöscht');
  expect(await see()).not.toContain('nichts mehr gespeichert');
  expect(await see()).toContain(kept);
});

test.each(['', '?c=rubbish', '?c='])('nobody else is shown anything, but how to get there: %j', async (query) => {
  const { app } = await testPortal(townConfig());
  const { text } = await request(app).get(`/me${query}`).expect(200);
  expect(text).toContain('Wir können nicht erkennen, welche Verbindung Ihre ist');
  expect(text).toContain('Was wir nicht speichern');
  await request(app).get(`/me.json${query}`).expect(404);
});

test('a store that fails is said to have failed', async () => {
  const { app, store, connection } = await online();
  await store.close();
  await request(app).get(`/me?c=${connection}`).expect(503);
  await request(app).get(`/me.json?c=${connection}`).expect(503);
});
