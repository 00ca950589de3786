import request from 'supertest';
import { DeviceAddress } from '../../core/mac';
import { HOUR, MINUTE } from '../../core/time';
import { accepted } from './support/online';
import {
  acceptances,
  closeStores,
  DEVICE,
  PORTAL,
  testPortal,
  townConfig,
  uamRedirect,
  visitField,
} from './support/town';

afterAll(closeStores);

type Town = Awaited<ReturnType<typeof testPortal>>;

const device = DeviceAddress.parse(DEVICE);
if (device === undefined) throw new Error('not a device address');

const send = ({ app }: Town, visit: string) => request(app).post('/accept').type('form').send({ visit });
const usernameIn = (location: unknown) => new URL(String(location)).searchParams.get('username') ?? '';

/** The gateway's question to our RADIUS server, as that asks the store. */
const redeem = ({ store, clock }: Town, username: string, gateway = 'town-hall') =>
  store.takeCredential({ username, gateway, device, now: clock.now() });

/** A page whose form was accepted, and the way to our page that says so. */
async function acceptedPage(redirect = uamRedirect()) {
  const town = await testPortal();
  const visit = await visitField(town.app, redirect);
  const answer = await send(town, visit).expect(303);
  const onward = new URL(String(answer.headers.location)).searchParams;
  const back = new URL(onward.get('userurl') ?? '');
  return { town, visit, username: onward.get('username') ?? '', arrival: back.pathname + back.search };
}

async function isRefused(town: Town, visit: string): Promise<void> {
  const before = await acceptances(town.store);
  const page = await send(town, visit).expect(400);
  expect(page.text).toContain('<h1>Diese Seite wurde schon benutzt</h1>');
  expect(page.text).toContain('Wenn andere Seiten sich öffnen, ist alles in Ordnung.');
  expect(page.text).toContain('class="button" href="http://10.1.0.1:3990/prelogin"');
  expect(page.headers.location).toBeUndefined();
  expect(await acceptances(town.store)).toBe(before);
}

describe('a form that was accepted', () => {
  test('may be sent again while the gateway has not answered: the visitor went back and taps once more', async () => {
    const { town, visit, username } = await acceptedPage();
    await town.clock.advance(MINUTE);
    const again = await send(town, visit).expect(303);
    expect(await acceptances(town.store)).toBe(1);
    expect(await redeem(town, username)).toMatchObject({ ok: false });
    expect(await redeem(town, usernameIn(again.headers.location))).toMatchObject({ ok: true });
  });

  test('is spent when the gateway has let the device in by it', async () => {
    const { town, visit, username } = await acceptedPage();
    expect(await redeem(town, username)).toMatchObject({ ok: true });
    await isRefused(town, visit);
    expect(await town.registry.metrics()).toContain('portal_refused_total{gateway="town-hall",reason="visit-used"} 1');
  });

  test('is spent after /disconnect', async () => {
    const { town, visit, arrival } = await acceptedPage();
    const page = await request(town.app).get(arrival).redirects(1);
    const connection = /name="connection" value="([\w-]+)"/.exec(page.text)?.[1];
    await request(town.app).post('/disconnect').type('form').send({ connection });
    expect(await town.store.findGrant('square', device, town.clock.now())).toBeUndefined();
    await isRefused(town, visit);
    expect(await town.store.findGrant('square', device, town.clock.now())).toBeUndefined();
  });

  test('is spent two minutes later, also if nobody said that it worked', async () => {
    const { town, visit } = await acceptedPage();
    await town.clock.advance(2 * MINUTE);
    await isRefused(town, visit);
  });

  test('is spent when the time that it opened is over', async () => {
    const short = townConfig((yaml) => yaml.replace('maxMegabytes: 1000', 'sessionMinutes: 1'));
    const town = await testPortal(short);
    const visit = await visitField(town.app);
    await send(town, visit).expect(303);
    await town.clock.advance(MINUTE);
    await isRefused(town, visit);
  });

  test('is spent when the gateway has sent the device anew since, and that page was accepted', async () => {
    const town = await testPortal();
    const old = await visitField(town.app);
    town.clock.step(1);
    const fresh = await visitField(town.app, uamRedirect('town-hall', { challenge: 'a'.repeat(32) }));
    await send(town, fresh).expect(303);
    await isRefused(town, old);
  });

  test('keeps nobody from a fresh page: that opens anew', async () => {
    const { town, username } = await acceptedPage();
    await redeem(town, username);
    await town.clock.advance(HOUR);
    const answer = await send(town, await visitField(town.app)).expect(303);
    expect(await redeem(town, usernameIn(answer.headers.location))).toMatchObject({ ok: true });
    expect(await acceptances(town.store)).toBe(2);
  });

  test('does not come from another site', async () => {
    const { town, visit } = await acceptedPage();
    const page = await send(town, visit).set('Origin', 'https://evil.example').expect(403);
    expect(page.text).toContain('stammt nicht von dieser Seite');
  });

  test('opens nothing at another gateway, and only its own is told of it', async () => {
    const { town, visit } = await acceptedPage();
    const again = await send(town, visit).expect(303);
    expect(again.headers.location).toMatch(/^http:\/\/10\.1\.0\.1:3990\//);
    expect(await redeem(town, usernameIn(again.headers.location), 'plain')).toMatchObject({ ok: false });
  });

  test('of a gateway that is gone, or serves another site by now, is refused', async () => {
    const { town, visit } = await acceptedPage();
    town.live.exchange(
      townConfig((yaml) => yaml.replace('kind: coovachilli\n    site: square', 'kind: coovachilli\n    site: school')),
    );
    expect((await send(town, visit).expect(400)).text).toContain('unknown-gateway');
  });

  test('where nothing signs the redirect, a page that names the same device says nothing about another page', async () => {
    const { town, visit } = await acceptedPage(uamRedirect('plain'));
    town.clock.step(1);
    const stranger = await visitField(town.app, uamRedirect('plain', { challenge: 'b'.repeat(32) }));
    await send(town, stranger).expect(303);
    await send(town, visit).expect(303);
  });

  test('is not held against anybody while the store does not say', async () => {
    const { town, visit } = await acceptedPage();
    await town.store.close();
    expect((await send(town, visit).expect(503)).text).toContain('nicht speichern');
  });
});

test('the address that passes the gateway is exchanged once: who reads it on the radio comes second', async () => {
  const { app } = await testPortal();
  const arrival = await accepted(app);
  await request(app).head(arrival);
  await request(app).get(arrival).expect(303);
  const { text } = await request(app).get(arrival).expect(200);
  expect(text).toContain('23:00');
  expect(text).not.toMatch(/name="connection"|\/me\?c=/);
});

describe('at a gateway that signs nothing', () => {
  const bounded = (bound: number, rules = '') =>
    townConfig((yaml) =>
      yaml
        .replace(
          `portal: { url: '${PORTAL}' }`,
          `portal: { url: '${PORTAL}', trustProxy: 1, limits: { unconfirmedPerHour: ${bound} } }`,
        )
        .replace('kind: school }', `kind: school, rules: { ${rules} } }`),
    );
  const redirectOf = (i: number) => uamRedirect('plain', { mac: `02-11-22-33-44-${(16 + i).toString(16)}` });
  const from = async (town: Town, i: number, source: string) =>
    request(town.app)
      .post('/accept')
      .set('X-Forwarded-For', source)
      .type('form')
      .send({ visit: await visitField(town.app, redirectOf(i)) });

  test('grants for devices that nobody has seen are bounded; half of them is the most that one source gets', async () => {
    const town = await testPortal(bounded(10));
    const forged = [];
    for (let i = 0; i < 6; i++) forged.push(await from(town, i, '192.0.2.66'));
    expect(forged.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303, 503]);
    const refused = forged.at(-1);
    expect(refused?.text).toContain('Gerade kommen hier sehr viele Anfragen an');
    expect(refused?.text).toContain('Noch einmal versuchen');
    expect(refused?.headers['retry-after']).toBe('180');
    expect(await acceptances(town.store)).toBe(5);
    expect(await town.registry.metrics()).toContain(
      'portal_refused_total{gateway="plain",reason="too-many-unconfirmed"} 1',
    );
    expect((await from(town, 7, '192.0.2.7')).status).toBe(303);
    await town.clock.advance(13 * MINUTE);
    expect((await from(town, 8, '192.0.2.66')).status).toBe(303);
  });

  test('a refusal for want of room tells nobody which devices hold a grant or have used their day up', async () => {
    const town = await testPortal(bounded(10, 'minutesPerDay: 60, sessionMinutes: 60'));
    expect((await from(town, 0, '192.0.2.7')).status).toBe(303);
    town.clock.step(2 * HOUR);
    expect((await from(town, 1, '192.0.2.7')).status).toBe(303);
    const named = [];
    // Two of them for the second time, as somebody taps again.
    for (const device of [2, 1, 0, 0, 1, 2, 1, 0, 5]) named.push((await from(town, device, '192.0.2.66')).status);
    expect(named).toEqual([...Array(4).fill(303), ...Array(5).fill(503)]);
  });

  test('the more is taken, the less one source gets, a home with IPv6 being one: two forgers leave room for visitors', async () => {
    const town = await testPortal(bounded(10));
    const taken = async (sourceOf: (i: number) => string) => {
      const answers = [];
      for (let i = 0; i < 7; i++) answers.push(await from(town, i, sourceOf(i)));
      return answers.filter(({ status }) => status === 303).length;
    };
    expect(await taken((i) => `2001:db8:1:4${i}::66`)).toBe(5);
    expect(await taken(() => '192.0.2.66')).toBe(3);
    expect((await from(town, 8, '192.0.2.7')).status).toBe(303);
  });

  test('where visitors came from lately there is room, however many forge elsewhere', async () => {
    const town = await testPortal(bounded(10));
    const square = '192.0.2.7';
    const online = await from(town, 0, square);
    const device = DeviceAddress.parse('021122334410');
    if (device === undefined) throw new Error('no address');
    const credential = { username: usernameIn(online.headers.location), gateway: 'plain', device };
    await town.store.takeCredential({ ...credential, now: town.clock.now() });
    // Nobody else accepts meanwhile.
    await town.clock.advance(5_000);
    const forged = [];
    for (let i = 1; i < 20; i++) forged.push((await from(town, i, `198.51.100.${i}`)).status);
    expect(forged).toContain(503);
    const visitors = [];
    for (let i = 20; i < 26; i++) visitors.push((await from(town, i, square)).status);
    expect(visitors).toEqual([...Array(5).fill(303), 503]);
  });

  test('a gateway that signs has no such bound', async () => {
    const town = await testPortal(bounded(10));
    for (let i = 0; i < 12; i++) {
      const redirect = uamRedirect('town-hall', { mac: `02-11-22-33-44-${16 + i}` });
      await send(town, await visitField(town.app, redirect)).expect(303);
    }
  });

  test('a full square gets in: whoever came through the gateway counts no more', async () => {
    const town = await testPortal(bounded(10));
    for (let i = 0; i < 40; i++) {
      const answer = await from(town, i, '192.0.2.66');
      expect([i, answer.status]).toEqual([i, 303]);
      const address = DeviceAddress.parse(`0211223344${(16 + i).toString(16)}`);
      if (address === undefined) throw new Error('no address');
      const username = usernameIn(answer.headers.location);
      const now = town.clock.now();
      expect(await town.store.takeCredential({ username, gateway: 'plain', device: address, now })).toMatchObject({
        ok: true,
      });
      // It is looked after a moment, and again when there is no room: at most once a second.
      await town.clock.advance(2_000);
    }
  });

  test('who named a device that used its day up cannot tell that from what is answered', async () => {
    const town = await testPortal(bounded(1000, 'minutesPerDay: 60, sessionMinutes: 60'));
    const shape = async (redirect: string) => {
      const answer = await send(town, await visitField(town.app, redirect)).expect(303);
      const onward = new URL(String(answer.headers.location));
      const back = new URL(onward.searchParams.get('userurl') ?? '');
      const page = await request(town.app).get(back.pathname + back.search);
      const names = [...onward.searchParams.keys()].join();
      return [onward.origin + onward.pathname, names, page.status, page.text.replaceAll(/=[\w-]{60,}/g, '')];
    };
    await accepted(town.app, redirectOf(0));
    town.clock.step(2 * HOUR);
    const usedUp = await shape(redirectOf(0));
    expect(usedUp).toEqual(await shape(redirectOf(1)));
    expect(JSON.stringify(usedUp)).not.toContain('<time');
    expect(await acceptances(town.store)).toBe(2);
  });

  test('who is rejected there reads that the day may be used up, for nothing else tells', async () => {
    const { app } = await testPortal(bounded(1000, 'minutesPerDay: 60'));
    const page = await request(app)
      .get(uamRedirect('plain', { res: 'reject' }))
      .expect(200);
    expect(page.text).toContain('Oder Ihre Zeit oder Ihr Datenvolumen für heute ist aufgebraucht');
    const other = await testPortal(bounded(1000));
    expect((await request(other.app).get(uamRedirect('plain', { res: 'reject' }))).text).not.toContain(
      'Oder Ihre Zeit',
    );
  });
});
