import request from 'supertest';
import { HOUR } from '../../core/time';
import { ARRIVAL_LIFETIME_MS } from '../../portal/connection';
import { accepted, online } from './support/online';
import { closeStores, PORTAL, testPortal, townConfig, uamRedirect, visitField } from './support/town';

afterAll(closeStores);

const SERVICES = `services: [{ title: { de: Termine, en: Appointments }, url: 'https://termine.example/a?b=1&c=2' }]`;
const withServices = townConfig((yaml) =>
  yaml
    .replace('  imprintUrl:', `  ${SERVICES}\n  imprintUrl:`)
    .replace(
      'kind: square,',
      "kind: square, servicesBeforeLogin: true, services: [{ title: { de: Ratsinfo }, url: 'https://rat.example/' }],",
    ),
);

test('the page says until when, where, how to end it, and leads on', async () => {
  const { page } = await online();
  expect(page.text).toContain('23:00');
  expect(page.text).toContain('Rathausplatz');
  expect(page.text).toContain('action="/disconnect?l=de"');
  expect(page.text).toContain('Weiter zu example.test');
  expect(page.text).toContain('href="/me?c=');
});

describe('the address that passes the gateway, where others can read it', () => {
  test('is exchanged for one that does not, as long as it takes to get there', async () => {
    const { app, clock } = await testPortal();
    const arrival = await accepted(app);
    clock.step(ARRIVAL_LIFETIME_MS - 1);
    const answer = await request(app).get(arrival).expect(303);
    expect(answer.headers.location).toMatch(/^\/connected\?c=[\w-]+&l=de$/);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('is exchanged for nobody who only looks whether there is a page, and the visitor still gets it [HEAD]', async () => {
    const { app } = await testPortal();
    const arrival = await accepted(app);
    expect((await request(app).head(arrival)).headers.location).toBeUndefined();
    await request(app).get(arrival).expect(303);
    expect((await request(app).head(arrival)).headers.location).toBeUndefined();
  });

  test('shows until when and nothing else from then on; ending is left to the gateway, which knows who asks', async () => {
    const { app, clock } = await testPortal();
    const arrival = await accepted(app);
    clock.step(ARRIVAL_LIFETIME_MS);
    const { text } = await request(app).get(arrival).expect(200);
    expect(text).toContain('23:00');
    expect(text).toContain('href="http://10.1.0.1:3990/logoff"');
    expect(text).not.toMatch(/name="connection"|\/me\?c=/);
  });

  test.each(['/connected?c=', '/me?c=', '/me.json?c='])('opens nothing as %s', async (path) => {
    const { app } = await testPortal();
    const word = new URLSearchParams((await accepted(app)).split('?')[1]).get('t');
    const { text } = await request(app).get(`${path}${word}`);
    expect(text).not.toMatch(/Rathausplatz|23:00|octets/);
  });

  test('is followed when a gateway that let the visitor in brings it back [res=success]', async () => {
    const { app } = await testPortal();
    const userurl = encodeURIComponent(PORTAL + (await accepted(app)));
    const answer = await request(app).get(uamRedirect('town-hall', { res: 'success', userurl }));
    expect([answer.status, answer.headers.location]).toEqual([303, expect.stringMatching(/^\/connected\?t=/)]);
  });

  test.each([
    'https://evil.example/connected?t=a&l=de',
    `${PORTAL}.evil.example/connected?t=a&l=de`,
    `${PORTAL}/connected?t=a&l=de\r\nSet-Cookie: a=b`,
    `${PORTAL}/connected?t=ä&l=de`,
  ])('no other is followed: %j', async (address) => {
    const { app } = await testPortal();
    const userurl = encodeURIComponent(address);
    const answer = await request(app).get(uamRedirect('town-hall', { res: 'success', userurl }));
    expect([answer.status, answer.headers.location]).toEqual([200, undefined]);
  });
});

test('a device whose gateway vouches for it is told until when, and no more [res=already]', async () => {
  const { app } = await testPortal();
  await accepted(app);
  const { text } = await request(app)
    .get(uamRedirect('town-hall', { res: 'already' }))
    .expect(200);
  expect(text).toContain('23:00');
  expect(text).not.toContain('name="connection"');
});

test('who accepted again meanwhile sees the new end', async () => {
  const { app, clock, connection } = await online();
  clock.step(HOUR);
  await accepted(app);
  const { text } = await request(app).get(`/connected?c=${connection}`);
  expect(text).toContain('<time datetime="2026-11-21T23:00:00.000Z">');
});

test.each([
  [4 * HOUR, 'Ihre Zeit ist abgelaufen'],
  [4 * HOUR - 1, 'Sie sind verbunden'],
])('after %d ms it says: %s', async (passed, title) => {
  const { app, clock, connection } = await online();
  clock.step(passed);
  expect((await request(app).get(`/connected?c=${connection}`).expect(200)).text).toContain(`<h1>${title}</h1>`);
});

test('while the store does not answer, what was true when the page was made has to do', async () => {
  const { app, store, connection } = await online();
  await store.close();
  expect((await request(app).get(`/connected?c=${connection}`).expect(200)).text).toContain('23:00');
});

test('a word of another kind opens nothing', async () => {
  const { app } = await testPortal();
  const visit = await visitField(app);
  for (const name of ['t', 'c']) {
    const page = await request(app).get(`/connected?${name}=${visit}`).expect(200);
    expect(page.text).toContain('Sind Sie verbunden?');
    expect(page.text).not.toContain('Rathausplatz');
  }
});

describe('the town’s services', () => {
  test('of the site, then of the town, in the language of the page or else in German, marked as such', async () => {
    const { app, connection } = await online(withServices);
    const { text } = await request(app).get(`/connected?c=${connection}&l=en`).expect(200);
    expect(text).toMatch(/href="https:\/\/rat\.example\/"><span lang="de" dir="ltr">Ratsinfo<\/span>/);
    expect(text).toContain('href="https://termine.example/a?b=1&amp;c=2">Appointments<');
    expect(text.indexOf('Ratsinfo')).toBeLessThan(text.indexOf('Appointments'));
    expect(text).not.toContain('target=');
  });

  test('are there before login where the gateway lets visitors through to them, and only there', async () => {
    const { app } = await testPortal(withServices);
    expect((await request(app).get(uamRedirect())).text).toContain('href="/services/square?l=de"');
    expect((await request(app).get('/services/square').expect(200)).text).toContain('https://rat.example/');
    expect((await request(app).get(uamRedirect('plain'))).text).not.toContain('/services/');
    await request(app).get('/services/school').expect(404);
    await request(app).get('/services/nowhere').expect(404);
  });

  test('have no heading where there are none', async () => {
    expect((await online()).page.text).not.toContain('Angebote von');
  });
});
