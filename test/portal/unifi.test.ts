import request from 'supertest';
import type { Config } from '../../config/schema';
import { HOUR, SECOND } from '../../core/time';
import { GuestWatch } from '../../portal/gateways/unifi/guest-watch';
import { createLog } from '../../runtime/log';
import { Authority } from '../radius/certificates';
import { until } from '../support/wait';
import { acceptances, closeStores, testPortal, townConfig, visitField } from './support/town';
import { UnifiController } from './support/unifi-controller';

const KEY = 'unifi-Key-of-the-test-20';
const MAC = '02:11:22:33:44:55';
const AP = '78:8a:20:59:c6:99';
const DAY_RULES = 'sessionMinutes: 90, maxMegabytes: 500, downMbit: 20, upMbit: 5';

let authority: Authority;
let controller: UnifiController;
let log: string[];

beforeAll(() => {
  authority = new Authority();
});
afterAll(async () => {
  authority.remove();
  await closeStores();
});

beforeEach(async () => {
  log = [];
  controller = new UnifiController(KEY);
  await controller.start(authority.issue('localhost', 'DNS:localhost'));
  controller.stations.set(MAC, { mac: MAC, isGuest: true, ap: AP, authorised: false });
});
afterEach(() => controller.stop());

const ACCESS = {
  key: `apiKey: ${KEY}`,
  account: 'account: { username: stadtfunk, password: unifi-Password-of-the-test }',
};
type Api = keyof typeof ACCESS;
const APIS: readonly Api[] = ['key', 'account'];

function config(api: Api, changes: { ca?: string; host?: string; accessPoints?: string } = {}): Config {
  const { ca = authority.certificate, host = 'localhost', accessPoints = `['${AP}']` } = changes;
  const url = `https://${host}:${controller.port}`;
  return townConfig((yaml) =>
    yaml.replace('rules: { maxMegabytes: 1000 }', `rules: { ${DAY_RULES} }`).replace(
      'accessPoints:\n  - { id',
      `  - id: market
    kind: unifi
    site: square
    accessPoints: ${accessPoints}
    controller: { url: '${url}', ${ACCESS[api]}${ca === '' ? '' : `, authority: '${ca}'`} }
accessPoints:\n  - { id`,
    ),
  );
}

async function portal(api: Api = 'key', changes: Parameters<typeof config>[1] = {}) {
  return testPortal(config(api, changes), { log: createLog('debug', { write: (line) => log.push(line) }) });
}

function redirect(changes: Record<string, string> = {}, site = 'default'): string {
  const query = new URLSearchParams({
    ap: AP,
    id: MAC,
    t: '1795288952',
    url: 'http://example.test/',
    ssid: 'Stadt',
    ...changes,
  });
  return `/guest/s/${site}/?${query}`;
}

/** Accepts, and lets the clock run while the portal waits for the controller: three times as fast as the world. */
async function accept(town: Awaited<ReturnType<typeof portal>>, path = redirect()) {
  const visit = await visitField(town.app, path);
  let isAnswered = false;
  const answering = request(town.app)
    .post('/accept')
    .type('form')
    .send({ visit })
    .then((response) => {
      isAnswered = true;
      return response;
    });
  while (!isAnswered) {
    await town.clock.advance(30);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return answering;
}

describe.each(APIS)('asked by %s', (api) => {
  test('a guest who accepts is let in with the limits of the site, and is told so when the controller says so', async () => {
    const town = await portal(api);
    controller.looksUntilShown = 3;
    const answer = await accept(town);
    expect([answer.status, answer.headers.location]).toEqual([303, expect.stringContaining('/connected?t=')]);
    const common =
      api === 'key'
        ? {
            action: 'AUTHORIZE_GUEST_ACCESS',
            timeLimitMinutes: 90,
            dataUsageLimitMBytes: 500,
            rxRateLimitKbps: 20_000,
            txRateLimitKbps: 5_000,
          }
        : { cmd: 'authorize-guest', mac: MAC, ap_mac: AP, minutes: 90, up: 5_000, down: 20_000, bytes: 500 };
    expect(controller.commands).toEqual([common]);
    expect(controller.stations.get(MAC)?.authorised).toBe(true);
  });

  test('disconnecting takes it back at the controller', async () => {
    const town = await portal(api);
    await accept(town);
    const grants = [...town.portal.services.guests.present(town.clock.now())];
    const adapter = town.portal.town.adapters.get('market');
    expect(await adapter?.end?.(grants[0]?.grant ?? '')).toBe('done');
    expect(controller.stations.get(MAC)?.authorised).toBe(false);
    expect(await adapter?.end?.(grants[0]?.grant ?? '')).toBe('session-unknown');
  });

  test('/me says who knows the address of the device, and /disconnect takes the access back at the controller', async () => {
    const town = await portal(api);
    const { headers } = await accept(town);
    const { pathname, search } = new URL(String(headers.location));
    const page = await request(town.app)
      .get(pathname + search)
      .redirects(1)
      .expect(200);
    const connection = /name="connection" value="([\w-]+)"/.exec(page.text)?.[1];
    const me = await request(town.app).get(`/me?c=${connection}`).expect(200);
    expect(me.text).toContain('kennt der WLAN-Controller der Stadt die Adresse Ihres Geräts');
    const end = () => request(town.app).post('/disconnect').type('form').send({ connection }).expect(200);
    expect((await end()).text).toContain('Ihr Gerät ist nicht mehr im Internet');
    expect(controller.stations.get(MAC)?.authorised).toBe(false);
    expect((await end()).text).toContain('Ihr Gerät ist nicht mehr im Internet');
  });

  test('a controller that is away when the visitor leaves: the page says until when the device may stay online', async () => {
    const town = await portal(api);
    const { headers } = await accept(town);
    const { pathname, search } = new URL(String(headers.location));
    const page = await request(town.app)
      .get(pathname + search)
      .redirects(1);
    const connection = /name="connection" value="([\w-]+)"/.exec(page.text)?.[1];
    controller.fault = { status: 500, body: '{}' };
    const ended = await request(town.app).post('/disconnect').type('form').send({ connection }).expect(200);
    expect(ended.text).toContain('Vielleicht sind Sie noch verbunden');
    expect(ended.text).toContain('So trennen Sie sich selbst: Schalten Sie das WLAN Ihres Geräts aus.');
  });

  test.each<[string, () => void]>([
    ['a device that is not here', () => controller.stations.clear()],
    [
      'a device in a network without guest access',
      () => controller.stations.set(MAC, { mac: MAC, isGuest: false, ap: AP, authorised: false }),
    ],
    ['a controller that never says that it is in', () => (controller.looksUntilShown = 1000)],
    ['a controller that is silent', () => (controller.isSilent = true)],
    ['a controller that fails', () => (controller.fault = { status: 500, body: '{}' })],
    ['a controller that answers with something else', () => (controller.fault = { status: 200, body: '<html>' })],
  ])('%s: after three seconds at most a page says so and offers to try again', async (_, arrange) => {
    const town = await portal(api);
    arrange();
    const began = town.clock.monotonic();
    const page = await accept(town);
    expect([page.status, page.headers['retry-after']]).toEqual([503, '10']);
    expect(page.text).toContain('Noch einmal versuchen');
    // Time goes on passing while the page is made and read, and on a busy machine that takes a while.
    expect(town.clock.monotonic() - began).toBeLessThanOrEqual(60 * SECOND);
    expect(page.text).not.toContain(MAC);
    expect(controller.commands.length).toBeLessThanOrEqual(1);
  });

  test('trying again works once the controller is back, and the log says both, once', async () => {
    const town = await portal(api);
    controller.fault = { status: 500, body: '{}' };
    const page = await accept(town);
    await accept(town);
    controller.fault = undefined;
    const visit = /name="visit" value="([\w-]+)"/.exec(page.text)?.[1];
    const { headers } = await request(town.app).post('/accept').type('form').send({ visit }).expect(303);
    const { pathname, search } = new URL(String(headers.location));
    const online = await request(town.app)
      .get(pathname + search)
      .redirects(1);
    expect(online.text).toContain('name="connection"');
    const events = log.map((line) => JSON.parse(line)).filter(({ event }) => /^controller-/.test(event));
    expect(events.map(({ event, nas }) => [event, nas])).toEqual([
      ['controller-away', 'market'],
      ['controller-back', 'market'],
    ]);
    expect(log.join('')).not.toMatch(/02:11:22|021122334455|unifi-Key|unifi-Password/);
  });
});

test('with an account one log-in serves many, and one that has run out is renewed', async () => {
  const town = await portal('account');
  await accept(town);
  await accept(town);
  expect(controller.logins).toBe(1);
  controller.forgetLogins();
  expect((await accept(town)).status).toBe(303);
  expect(controller.logins).toBe(2);
});

test.each<[string, Parameters<typeof config>[1], string]>([
  ['of an authority that nobody vouches for', { ca: '' }, 'certificate'],
  ['of another name', { host: '127.0.0.1' }, 'certificate'],
])('a certificate %s is refused, and no password is sent', async (_, changes, reason) => {
  const town = await portal('account', changes);
  expect((await accept(town)).status).toBe(503);
  expect(controller.requests).toEqual([]);
  expect(log.map((line) => JSON.parse(line)).find(({ event }) => event === 'controller-away')).toMatchObject({
    reason,
  });
});

test('a wrong key and nothing listening are told apart in the log', async () => {
  const wrong = await portal();
  controller.fault = { status: 401, body: '{}' };
  await accept(wrong);
  const gone = await portal();
  await controller.stop();
  await accept(gone);
  const reasons = log
    .map((line) => JSON.parse(line))
    .flatMap(({ event, reason }) => (event === 'controller-away' ? [reason] : []));
  expect(reasons).toEqual(['login-refused', 'unreachable']);
  await controller.start(authority.issue('localhost', 'DNS:localhost'));
});

test('whoever was let in is put out when the grant is gone, wherever that was ordered', async () => {
  const town = await portal();
  await accept(town);
  const watch = new GuestWatch({
    ...town.portal,
    adapters: () => town.portal.town.adapters,
  });
  watch.start();
  await town.clock.advance(6 * SECOND);
  expect(controller.stations.get(MAC)?.authorised).toBe(true);
  await town.store.orderEnd({ site: 'square' }, town.clock.now());
  await until('the controller was told', async () => {
    await town.clock.advance(5 * SECOND);
    return controller.stations.get(MAC)?.authorised === false;
  });
  await watch.stop();
});

test.each(APIS)('after a restart whoever is there with a grant is looked after again [asked by %s]', async (api) => {
  for (let i = 16; i < 256; i++) {
    const mac = `02:00:5e:00:00:${i.toString(16)}`;
    controller.stations.set(mac, { mac, isGuest: true, ap: AP, authorised: true });
  }
  // The last of many, so it is on the second page of the official API.
  const [, mine] = [controller.stations.delete(MAC), { mac: MAC, isGuest: true, ap: AP, authorised: false }];
  controller.stations.set(MAC, mine);
  const town = await portal(api);
  const { headers } = await accept(town);
  const { t } = Object.fromEntries(new URL(String(headers.location)).searchParams);
  const grant = town.portal.town.arrivals.open(t)?.grant ?? '';
  // What a restart leaves: the store and the controller.
  town.portal.services.guests.forget(grant);
  const watch = new GuestWatch({ ...town.portal, adapters: () => town.portal.town.adapters });
  watch.start();
  await until('the guest is known again', async () => {
    await town.clock.advance(5 * SECOND);
    return town.portal.services.guests.find(grant, town.clock.now()) !== undefined;
  });
  expect(town.portal.services.guests.present(town.clock.now())).toHaveLength(1);
  await town.store.orderEnd({ site: 'square' }, town.clock.now());
  await until('the controller was told', async () => {
    await town.clock.advance(5 * SECOND);
    return controller.stations.get(MAC)?.authorised === false;
  });
  expect([...controller.stations.values()].filter(({ authorised }) => authorised)).toHaveLength(240);
  await watch.stop();
});

test('a guest at an access point of another place is not let in, whatever the redirect says', async () => {
  const town = await portal('account');
  controller.stations.set(MAC, { mac: MAC, isGuest: true, ap: '78:8a:20:00:00:01', authorised: false });
  expect((await accept(town)).status).toBe(503);
  expect(controller.commands).toEqual([]);
});

test.each<[string, string, string]>([
  ['no device', redirect({ id: '' }), 'parameters-invalid'],
  ['no access point', '/guest/s/default/?id=02:11:22:33:44:55', 'parameters-missing'],
  ['a strange access point', redirect({ ap: '00:11:22:33:44:66' }), 'access-point-unknown'],
  ['an unknown site', redirect({}, 'elsewhere'), 'unknown-gateway'],
  ['a time that is none', redirect({ t: 'soon' }), 'parameters-invalid'],
])('a redirect with %s is refused with a page', async (_, path, reason) => {
  const town = await portal();
  const page = await request(town.app).get(path).expect(400);
  expect(page.text).toContain(reason);
  expect(await acceptances(town.store)).toBe(0);
});

test('a flood from one source is slowed down before it reaches the controller', async () => {
  const town = await portal();
  const { guestPace } = town.portal.services;
  for (const source of ['127.0.0.1', '::ffff:127.0.0.1', '::1']) {
    for (let i = 0; i < 400; i++) guestPace.allows(source, town.clock.monotonic());
  }
  const visit = await visitField(town.app, redirect());
  await request(town.app).post('/accept').type('form').send({ visit }).expect(503);
  expect(controller.requests).toEqual([]);
  await town.clock.advance(HOUR);
  expect((await accept(town)).status).toBe(303);
});

test('an authority that cannot be read stops the start with a sentence', async () => {
  await expect(portal('key', { ca: '/nowhere/unifi.pem' })).rejects.toMatchObject({ code: 'AUTHORITY_UNREADABLE' });
});
