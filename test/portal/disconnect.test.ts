import request from 'supertest';
import { until, whileTimePasses } from '../support/wait';
import { online } from './support/online';
import { closeStores, DEVICE, NOW, openndsRedirect, townConfig, visitField } from './support/town';

afterAll(closeStores);

const SESSION = { gateway: 'town-hall', sessionId: 's-1' };
type Visitor = Awaited<ReturnType<typeof online>>;

/** The visitor's session, as the gateway reports it. */
async function session({ store, grantOf }: Visitor, kind: 'start' | 'stop' = 'start'): Promise<void> {
  const grant = await grantOf('square', DEVICE);
  const at = { site: 'square', eventAt: NOW, receivedAt: NOW, ...(grant && { grantId: grant.id }) };
  await store.applyAccounting({ kind, ...SESSION, ...at });
}

const end = ({ app, connection }: Visitor, language = 'de') =>
  request(app).post(`/disconnect?l=${language}`).type('form').send({ connection });

/** Taps, does what the gateway does meanwhile, once the orders are given, and lets time pass until the page is there. */
async function endWhile(visitor: Visitor, meanwhile: () => Promise<unknown>) {
  const answer = end(visitor).then((page) => page);
  await until('the end is ordered', () => visitor.store.getEnd(SESSION));
  await meanwhile();
  return whileTimePasses(visitor.clock, answer);
}

test('the grant ends at once, and when the gateway says that the session is over, so does the page', async () => {
  const visitor = await online();
  await session(visitor);
  const page = await endWhile(visitor, () => session(visitor, 'stop'));
  expect(page.status).toBe(200);
  expect(page.text).toContain('Ihr Gerät ist nicht mehr im Internet');
  expect(page.text).toContain('http://10.1.0.1:3990/prelogin');
  expect(await visitor.grantOf('square', DEVICE)).toBeUndefined();
});

test.each([
  ['has the order and has not answered', 'Das kann noch einige Augenblicke dauern', undefined],
  ['does not answer', 'Ihr Gerät kann noch im Internet sein, längstens bis 23:00', 'no-answer' as const],
  ['refuses', 'längstens bis 23:00', 'refused' as const],
  ['does not know the session any more', 'Ihr Gerät ist nicht mehr im Internet', 'session-unknown' as const],
])('a gateway that %s: the page says so', async (_, sentence, result) => {
  const visitor = await online();
  await session(visitor);
  const page = await endWhile(visitor, async () => result && visitor.store.settleEnd(SESSION, result, NOW));
  expect(page.text).toContain(sentence);
  expect(page.text).toContain('Ihre Zustimmung und das Kürzel Ihres Geräts sind gelöscht');
  expect(page.text.includes('href="http://10.1.0.1:3990/logoff"')).toBe(sentence.includes('längstens'));
});

test('twice does no harm, and nothing is left to end', async () => {
  const visitor = await online();
  await session(visitor);
  await endWhile(visitor, () => session(visitor, 'stop'));
  const again = await end(visitor, 'en').expect(200);
  expect(again.text).toContain('Your device is no longer on the internet');
  const page = await request(visitor.app).get(`/connected?c=${visitor.connection}`).expect(200);
  expect(page.text).toContain('Ihre Verbindung ist beendet');
  expect(page.text).not.toContain('name="connection"');
});

test.each([
  ['a UAM gateway', undefined, 'square', 'http://10.1.0.1:3990/logoff'],
  ['openNDS', openndsRedirect(), 'shelter', 'http://10.77.0.1:2050/'],
])('where no session was reported, the browser goes on to the logout of %s', async (_, redirect, site, logout) => {
  const visitor = await online(townConfig(), redirect);
  const policy = String(visitor.page.headers['content-security-policy']);
  expect(policy).toContain(`form-action 'self' http://portal.test:8080 ${new URL(logout).origin}`);
  const answer = await end(visitor).expect(303);
  expect(answer.headers.location).toContain(logout);
  expect(await visitor.grantOf(site, site === 'square' ? DEVICE : '02:00:5e:20:00:01')).toBeUndefined();
});

test.each<[string, Record<string, string>, number]>([
  ['another site', { 'Sec-Fetch-Site': 'cross-site' }, 403],
  ['another site, by Origin alone', { Origin: 'https://evil.example' }, 403],
  ['our own page', { 'Sec-Fetch-Site': 'same-origin' }, 303],
])('sent by %s', async (_, headers, status) => {
  const visitor = await online();
  await end(visitor).set(headers).expect(status);
  expect((await visitor.grantOf('square', DEVICE)) === undefined).toBe(status === 303);
});

test.each<[string, (visitor: Visitor, visit: string) => object]>([
  ['nothing', () => ({})],
  ['rubbish', () => ({ connection: 'abc' })],
  ['a word of another kind', (_, visit) => ({ connection: visit })],
  ['the word of the address', ({ arrival }) => ({ connection: new URLSearchParams(arrival.split('?')[1]).get('t') })],
])('with %s it is refused', async (_, fields) => {
  const visitor = await online();
  const { app } = visitor;
  const body = fields(visitor, await visitField(app));
  await request(app).post('/disconnect').type('form').send(body).expect(400);
  expect(await visitor.grantOf('square', DEVICE)).toBeDefined();
});

test('a store that fails is said to have failed', async () => {
  const visitor = await online();
  await visitor.store.close();
  await end(visitor).expect(503);
});
