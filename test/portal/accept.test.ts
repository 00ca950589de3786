import request from 'supertest';
import { DeviceAddress } from '../../core/mac';
import { HOUR } from '../../core/time';
import { PortalMetrics } from '../../portal/metrics';
import { createLog } from '../../runtime/log';
import { createMetrics } from '../../runtime/metrics';
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

describe('the form', () => {
  test.each<[string, Record<string, string>, number]>([
    ['an old phone that says nothing', {}, 303],
    ['a captive browser with Origin: null', { Origin: 'null' }, 303],
    ['our own page', { Origin: 'http://portal.test:8080', 'Sec-Fetch-Site': 'same-origin' }, 303],
    ['our own page by Origin alone', { Origin: 'http://portal.test:8080' }, 303],
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['a sister host', { 'Sec-Fetch-Site': 'same-site' }, 403],
    ['another site, by Origin alone', { Origin: 'https://evil.example' }, 403],
  ])('sent by %s', async (_, headers, status) => {
    const { app, store } = await testPortal();
    const visit = await visitField(app);
    await request(app).post('/accept').set(headers).type('form').send({ visit }).expect(status);
    expect(await acceptances(store)).toBe(status === 303 ? 1 : 0);
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['rubbish', { visit: 'abc' }],
    ['twice', { visit: ['a', 'b'] }],
    ['markup', { visit: '"><script>' }],
  ])('with %s is refused with a page', async (_, fields) => {
    const { app, store } = await testPortal();
    const page = await request(app)
      .post('/accept')
      .type('form')
      .send(fields as object)
      .expect(400);
    expect(page.text).toContain('Es wurde nichts gespeichert');
    expect(await acceptances(store)).toBe(0);
  });

  test('with one changed character is refused', async () => {
    const { app, store } = await testPortal();
    const visit = await visitField(app);
    for (const at of [0, 20, 60, visit.length - 3]) {
      const changed = visit.slice(0, at) + (visit[at] === 'A' ? 'B' : 'A') + visit.slice(at + 1);
      await request(app).post('/accept').type('form').send({ visit: changed }).expect(400);
    }
    expect(await acceptances(store)).toBe(0);
  });

  test('can be read for two hours, and then explains how to begin anew [WCAG 2.2.1]', async () => {
    const { app, clock } = await testPortal();
    const visit = await visitField(app);
    clock.step(2 * HOUR);
    await request(app).post('/accept').type('form').send({ visit }).expect(303);
    clock.step(1);
    const page = await request(app).post('/accept').type('form').send({ visit }).expect(400);
    expect(page.text).toContain('Diese Seite war zu lange offen');
    expect(page.text).toContain('href="http://10.1.0.1:3990/prelogin"');
  });

  test('oversized or unreadable gets a page, not a stack trace', async () => {
    const { app } = await testPortal();
    const page = await request(app)
      .post('/accept')
      .type('form')
      .send(`visit=${'a'.repeat(20_000)}`)
      .expect(413);
    expect(page.text).toContain('nicht lesbar');
    await request(app).get('/uam/%E0%A4%A').expect(400);
  });

  test('says so when the day’s volume is used up', async () => {
    const { app, store } = await testPortal();
    await request(app)
      .post('/accept')
      .type('form')
      .send({ visit: await visitField(app) })
      .expect(303);
    const device = DeviceAddress.parse(DEVICE);
    const grant = device && (await store.findGrant('square', device, NOW));
    const session = { gateway: 'town-hall', site: 'square', sessionId: '1', grantId: grant?.id ?? '' };
    const used = { kind: 'interim', eventAt: NOW, receivedAt: NOW, seconds: 60, downloadOctets: 2e9 } as const;
    await store.applyAccounting({ ...session, ...used });
    const page = await request(app)
      .post('/accept')
      .type('form')
      .send({ visit: await visitField(app) })
      .expect(403);
    expect(page.text).toContain('Datenvolumen');
  });

  test('says in plain words when the store fails, and when to try again', async () => {
    const { app, store } = await testPortal();
    const visit = await visitField(app);
    await store.close();
    const page = await request(app).post('/accept').type('form').send({ visit }).expect(503);
    expect(page.headers['retry-after']).toBe('30');
    expect(page.text).toContain('nicht speichern');
    expect(page.text).not.toContain('closed');
  });
});

test('who has used the volume up is told from when it is fresh again, and asking does not put that off', async () => {
  const { app, store, clock } = await testPortal();
  const device = DeviceAddress.parse(DEVICE);
  if (device === undefined) throw new Error('no device');
  const accept = async () =>
    request(app)
      .post('/accept')
      .type('form')
      .send({ visit: await visitField(app) });
  expect((await accept()).status).toBe(303);
  const granted = await store.findGrant('square', device, clock.now());
  await store.applyAccounting({
    kind: 'interim',
    gateway: 'town-hall',
    site: 'square',
    sessionId: 'a',
    ...(granted && { grantId: granted.id }),
    eventAt: clock.now(),
    receivedAt: clock.now(),
    downloadOctets: 1e9,
    uploadOctets: 0,
  });
  await clock.advance(HOUR);
  const refused = await accept();
  expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('je Zustimmung')]);
  expect((await store.findGrant('square', device, clock.now()))?.expiresAt).toBe(granted?.expiresAt);

  await clock.advance(4 * HOUR);
  expect((await accept()).status).toBe(303);
});

test('languages are counted for all sites together and in whole fives: nobody is recognised by theirs', async () => {
  const registry = createMetrics();
  const metrics = new PortalMetrics(registry);
  const told = async () => /grants_by_language_total\{language="ti"\} (\d+)/.exec(await registry.metrics())?.[1];
  for (let i = 0; i < 4; i++) metrics.grant(i % 2 === 0 ? 'square' : 'school', 'ti');
  expect(await told()).toBe('0');
  for (let i = 0; i < 5; i++) metrics.grant('square', 'ti');
  expect(await told()).toBe('5');
  expect(await registry.metrics()).toMatch(/portal_grants_total\{site="square"\} 7\n/);
});

test('what anybody can send as often as they like writes no line at the normal level', async () => {
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => lines.push(line) });
  const { app, registry } = await testPortal(townConfig(), { log });
  await request(app).get('/uam/nowhere?res=notyet').expect(400);
  await request(app).get('/opennds/library?fas=x').expect(400);
  await request(app).post('/accept').type('form').send({ visit: 'forged' }).expect(400);
  await request(app).get('/%ff').expect(404);
  expect(lines).toEqual([]);
  expect(await registry.metrics()).toContain('portal_refused_total{gateway="none",reason="visit-forged"} 1');
});

test('a whole visit leaves no address, user name or query in the log, nor in the metrics', async () => {
  const lines: string[] = [];
  const log = createLog('debug', { write: (line) => lines.push(line) });
  const { app, store, registry } = await testPortal(townConfig(), { log });
  const visit = await visitField(app);
  const answer = await request(app).post('/accept').type('form').send({ visit }).expect(303);
  await request(app)
    .get(uamRedirect('town-hall', { res: 'already' }))
    .expect(200);
  await request(app)
    .get(uamRedirect('town-hall', { uamip: '203.0.113.9' }))
    .expect(400);
  await request(app)
    .get(openndsRedirect({ gatewayaddress: '203.0.113.9:2050' }))
    .expect(400);
  await store.close();
  await request(app).post('/accept').type('form').send({ visit }).expect(503);
  const username = new URL(String(answer.headers.location)).searchParams.get('username') ?? 'none';
  const told = (lines.join('') + (await registry.metrics())).toLowerCase();
  expect(told).toContain('grant-stored');
  expect(told).toContain('portal-store-failed');
  for (const secret of [
    DEVICE,
    '02:11:22:33:44:55',
    '021122334455',
    '10.1.0.2',
    '203.0.113.9',
    'example.test',
    username,
  ]) {
    expect(told).not.toContain(secret.toLowerCase());
  }
});
