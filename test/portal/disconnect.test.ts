import request from 'supertest';
import { DeviceAddress } from '../../core/mac';
import { closeStores, DEVICE, NOW, openndsRedirect, testPortal, uamRedirect, visitField } from './support/town';

afterAll(closeStores);

/** A visitor who accepted the terms and looks at /connected; `connection` is what its form carries. */
async function connected(redirect = uamRedirect()) {
  const town = await testPortal();
  const { app, store } = town;
  const visit = await visitField(app, redirect);
  const answer = await request(app).post('/accept').type('form').send({ visit }).expect(303);
  const onward = new URL(String(answer.headers.location)).searchParams;
  const back = new URL(onward.get('userurl') ?? onward.get('redir') ?? '');
  const page = await request(app).get(back.pathname + back.search);
  const connection = /name="connection" value="([\w-]+)"/.exec(page.text)?.[1];
  const grantOf = (site: string, address: string) => {
    const device = DeviceAddress.parse(address);
    return device && store.findGrant(site, device, NOW);
  };
  return { ...town, connection, page, grantOf };
}

test('ending the connection ends the grant at once and orders the end of its session', async () => {
  const { app, store, connection, grantOf } = await connected();
  const grant = await grantOf('square', DEVICE);
  const session = { gateway: 'town-hall', sessionId: 's-1' };
  const started = { site: 'square', eventAt: NOW, receivedAt: NOW, ...(grant && { grantId: grant.id }) };
  await store.applyAccounting({ kind: 'start', ...session, ...started });

  const page = await request(app).post('/disconnect?l=en').type('form').send({ connection }).expect(200);
  expect(page.text).toContain('You are disconnected');
  expect(page.text).toContain('http://10.1.0.1:3990/prelogin');
  expect(await grantOf('square', DEVICE)).toBeUndefined();
  expect(await store.takeDueEnds(NOW, 10, NOW + 1)).toMatchObject([session]);
  // The same form once more finds nothing to end.
  await request(app).post('/disconnect').type('form').send({ connection }).expect(200);
});

test('at openNDS the browser goes on to the logout of the gateway', async () => {
  const { app, connection, page, grantOf } = await connected(openndsRedirect());
  expect(page.headers['content-security-policy']).toContain(
    "form-action 'self' http://portal.test:8080 http://10.77.0.1:2050",
  );
  const answer = await request(app).post('/disconnect').type('form').send({ connection }).expect(303);
  expect(answer.headers.location).toMatch(/^http:\/\/10\.77\.0\.1:2050\//);
  expect(await grantOf('shelter', '02:00:5e:20:00:01')).toBeUndefined();
});

test.each<[string, Record<string, string>, number]>([
  ['another site', { 'Sec-Fetch-Site': 'cross-site' }, 403],
  ['another site, by Origin alone', { Origin: 'https://evil.example' }, 403],
  ['our own page', { 'Sec-Fetch-Site': 'same-origin' }, 200],
])('sent by %s', async (_, headers, status) => {
  const { app, connection, grantOf } = await connected();
  await request(app).post('/disconnect').set(headers).type('form').send({ connection }).expect(status);
  expect((await grantOf('square', DEVICE)) === undefined).toBe(status === 200);
});

test.each<[string, (visit: string) => object]>([
  ['nothing', () => ({})],
  ['rubbish', () => ({ connection: 'abc' })],
  ['a word of another kind', (visit) => ({ connection: visit })],
])('with %s it is refused', async (_, fields) => {
  const { app, grantOf } = await connected();
  await request(app)
    .post('/disconnect')
    .type('form')
    .send(fields(await visitField(app)))
    .expect(400);
  expect(await grantOf('square', DEVICE)).toBeDefined();
});
