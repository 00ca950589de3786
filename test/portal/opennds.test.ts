import { createCipheriv, createHash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import fc from 'fast-check';
import request from 'supertest';
import { DeviceAddress } from '../../core/mac';
import { MINUTE, SECOND } from '../../core/time';
import { openGrant } from '../../portal/gateways/opennds/grant-seal';
import { attack, mutated } from './support/hostile';
import { acceptances, closeStores, FASKEY, HID, NOW, testPortal, townConfig, visitField } from './support/town';

/** The protocol of openNDS 9.10 and 10.3.1, as the laboratory saw it (facts: opennds.md). */

afterAll(closeStores);

const SECRET_PATH = 'wJ7dQx2Rk9Tn4Vb8';
const HASH = createHash('sha256').update('Lab%20Hotspot').digest('hex');
const RHID = createHash('sha256')
  .update(HID + FASKEY)
  .digest('hex');

/** The test town with its openNDS gateway at this level. */
function town(level: number, more = '', rules = '{}') {
  const settings = `level: ${level}, ${level > 2 ? `authmonPath: ${SECRET_PATH}, ` : ''}${more}`;
  return townConfig((yaml) =>
    yaml
      .replace(`faskey: ${FASKEY} }`, `faskey: ${FASKEY}, ${settings} }`)
      .replace('statusPage: none', `statusPage: none, rules: ${rules}`)
      .replace('http://portal.test:8080', level > 2 ? 'https://portal.test' : 'http://portal.test:8080'),
  );
}

const FIELDS = {
  clientip: '10.77.0.197',
  clientmac: '02:00:5e:20:00:01',
  client_type: 'cpd_can',
  gatewayname: 'Lab%20Hotspot',
  gatewayurl: 'http%3a%2f%2fstatus.client',
  version: '9.10.0',
  gatewayaddress: '10.77.0.1:2050',
  gatewaymac: '02005e100001',
  originurl: 'http%3a%2f%2fexample.test%2fp%3fx%3d1',
  clientif: 'br-lan',
  themespec: '(null)',
};

function message(fields: Readonly<Record<string, string>> = FIELDS, hid = HID): string {
  const pairs = Object.entries({ hid, ...fields }).map(([name, value]) => `${name}=${value}`);
  return `${pairs.join(', ')}, (null)(null)(null)(null)`;
}

/** A redirect as openNDS at this level writes it: base64 as it is, or encrypted and base64 twice. */
function redirect(level: number, text = message()): string {
  if (level === 1 || level === 4) return `${pathOf(level)}?fas=${Buffer.from(text).toString('base64')}`;
  const iv = 'c0ffee0123456789';
  const key = Buffer.alloc(32);
  key.write(FASKEY);
  const cipher = createCipheriv('aes-256-cbc', key, Buffer.from(iv));
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
  return `${pathOf(level)}?fas=${Buffer.from(sealed).toString('base64')}&iv=${iv}`;
}

function pathOf(level: number): string {
  return level > 2 ? `/opennds/library/${SECRET_PATH}` : '/opennds/library';
}

/** authmon of openNDS 9 (a form) or 10 at level 4 (a query, with raw signs). */
function ask(app: RequestListener, level: number, what: string, payload = 'none', path = pathOf(level)) {
  const encoded = Buffer.from(payload).toString('base64');
  if (level === 4) return request(app).get(`${path}?auth_get=${what}&gatewayhash=${HASH}&payload=${encoded}`);
  return request(app).post(path).type('form').send({ auth_get: what, gatewayhash: HASH, payload: encoded });
}

/** A visitor taps; the answer comes when the access point has fetched them, or the patience ends. */
async function tap(app: RequestListener, level: number, text = message()) {
  const visit = await visitField(app, redirect(level, text));
  return request(app)
    .post('/accept')
    .type('form')
    .send({ visit })
    .then((response) => response);
}

/** Asks until somebody is waiting. */
async function entries(app: RequestListener, level: number, number = 1): Promise<string[]> {
  for (;;) {
    const { text } = await ask(app, level, 'view').expect(200);
    expect(text).toMatch(/^\*/);
    const listed = text.split(' ').slice(1).map(decodeURIComponent);
    if (listed.length >= number) return listed;
  }
}

describe.each([1, 2, 3, 4])('level %i', (level) => {
  test('its redirect makes a visit', async () => {
    const { app } = await testPortal(town(level));
    const page = await request(app).get(redirect(level)).expect(200);
    expect(page.text).toContain('name="visit"');
  });

  test.each([1, 2].filter((other) => (other === 2) !== (level === 2 || level === 3)))(
    'a redirect in the form of level %i is refused',
    async (other) => {
      const { app, registry } = await testPortal(town(level));
      const query = redirect(other).split('?')[1];
      await request(app)
        .get(`${pathOf(level)}?${query}`)
        .expect(400);
      expect(await registry.metrics()).toContain('refused_total{gateway="library",reason="wrong-level"} 1');
    },
  );

  test('2,500 mutated redirects, a quarter of 10,000: no fault, no grant, no markup of theirs', async () => {
    const { app, store } = await testPortal(town(level));
    const word = fc.oneof(fc.constantFrom(...Object.values(FIELDS)), fc.string({ maxLength: 60 }), fc.constant('<zq>'));
    const changedFields = fc.dictionary(fc.constantFrom(...Object.keys(FIELDS), 'authdir', 'hid', '__proto__'), word);
    const texts = fc.oneof(
      changedFields.map((changes) => message({ ...FIELDS, ...changes })),
      fc.string({ maxLength: 400, unit: 'binary' }),
    );
    const whole = texts.map((text) => redirect(level, text));
    const statuses = await attack(app, fc.oneof(whole, mutated(fc.constant(redirect(level))), mutated(whole)), 2_500);
    expect(statuses.get(400)).toBeGreaterThan(500);
    expect(statuses.get(200)).toBeGreaterThan(100);
    expect(await acceptances(store)).toBe(0);
  });
});

test('at level 1 a raw "+" in the base64, which the query turns into a blank, is read', async () => {
  const { app } = await testPortal(town(1));
  // "~~>" is written with a plus in base64, wherever it begins in the text.
  const text = message({ ...FIELDS, originurl: '~~~>~~~>~~~>' });
  expect(redirect(1, text)).toContain('+');
  await request(app).get(redirect(1, text)).expect(200);
});

describe.each([3, 4])('authmon at level %i', (level) => {
  test('nobody waits: a star', async () => {
    const { app } = await testPortal(town(level));
    expect((await ask(app, level, 'view')).text).toBe('*');
  });

  test('a tap waits for the access point, which fetches rhid, minutes, rates, volumes and the sealed grant', async () => {
    const rules = '{ sessionMinutes: 90, maxMegabytes: 100, downMbit: 20, upMbit: 5 }';
    const { app, store, clock } = await testPortal(town(level, '', rules));
    const answer = tap(app, level);
    const [line = ''] = await entries(app, level);
    const [rhid, ...values] = line.split(' ');
    expect(rhid).toBe(RHID);
    expect(values.slice(0, 5)).toEqual(['90', '5000', '20000', '97656', '97656']);
    const custom = values[5] ?? '';
    expect(custom).toMatch(/^[A-Za-z0-9+/=]+$/);
    const device = DeviceAddress.parse(FIELDS.clientmac);
    const grant = device && (await store.findGrant('shelter', device, NOW));
    expect(openGrant(custom, FASKEY)).toBe(grant?.id);

    expect((await ask(app, level, 'view', `* ${RHID}`)).text).toBe('ack');
    await clock.advance(100);
    const { status, headers } = await answer;
    expect(status).toBe(303);
    expect(headers.location).toContain('https://portal.test/connected?');
    expect((await ask(app, level, 'view')).text).toBe('*');
  });

  test('an access point that does not come within 3 s: the visitor goes on, and is fetched when it comes', async () => {
    const { app, clock } = await testPortal(town(level));
    const answer = tap(app, level);
    await entries(app, level);
    await clock.advance(3 * SECOND);
    expect((await answer).status).toBe(303);
    expect(await entries(app, level)).toHaveLength(1);
  });

  test('who is never acknowledged is forgotten after two minutes', async () => {
    const { app, clock } = await testPortal(town(level));
    const answer = tap(app, level);
    await entries(app, level);
    await clock.advance(2 * MINUTE);
    await answer;
    expect((await ask(app, level, 'view')).text).toBe('*');
  });

  test('many at once come four at a time and within 1,024 characters, all in turn, however the answer is split', async () => {
    const { app, clock } = await testPortal(town(level));
    const device = (number: number) => `02:00:5e:20:01:${number.toString(16).padStart(2, '0')}`;
    const hid = (number: number) => createHash('sha256').update(String(number)).digest('hex');
    const taps = Array.from({ length: 10 }, (_, i) =>
      tap(app, level, message({ ...FIELDS, clientmac: device(i) }, hid(i))),
    );
    const met = new Set<string>();
    while (met.size < 10) {
      const { text } = await ask(app, level, 'view');
      expect(text.length).toBeLessThanOrEqual(1_026);
      const ids = text
        .split(' ')
        .slice(1)
        .map((entry) => decodeURIComponent(entry).slice(0, 64));
      expect(ids.length).toBeLessThanOrEqual(4);
      for (const id of ids) met.add(id);
    }
    await ask(app, level, 'view', `* ${[...met].slice(0, 5).join('\n')}\r\n${[...met].slice(5).join(' ')}`);
    await clock.advance(100);
    for (const answered of await Promise.all(taps)) expect(answered.status).toBe(303);
    expect((await ask(app, level, 'view')).text).toBe('*');
  });

  test.each([
    ['clear', 'none', ''],
    ['list', 'none', '*'],
    ['view', '*', 'ack'],
    ['ack', '* unknown', 'ack'],
    ['deauthed', 'method=ndsctl_deauth, clientmac=02:00:5e:20:00:01, bytes_incoming=516', 'ack'],
    ['custom', 'whatever a script says', 'ack'],
  ])('%s with "%s" is answered with "%s"', async (what, payload, expected) => {
    const { app } = await testPortal(town(level));
    expect((await ask(app, level, what, payload).expect(200)).text).toBe(expected);
  });

  test('clear after a start keeps who accepted in its first seconds, and forgets who came before', async () => {
    const { app, clock } = await testPortal(town(level));
    const first = tap(app, level, message(FIELDS, 'a'.repeat(64)));
    await entries(app, level);
    await clock.advance(30 * SECOND);
    await first;
    const second = tap(app, level, message(FIELDS, 'b'.repeat(64)));
    await entries(app, level, 2);
    await ask(app, level, 'clear');
    expect(await entries(app, level)).toHaveLength(1);
    await clock.advance(3 * SECOND);
    await second;
  });

  test('list gives the entries once', async () => {
    const { app, clock } = await testPortal(town(level));
    const answer = tap(app, level);
    await entries(app, level);
    expect((await ask(app, level, 'list')).text.split(' ')).toHaveLength(2);
    expect((await ask(app, level, 'list')).text).toBe('*');
    await clock.advance(100);
    await answer;
  });

  test.each([
    ['no secret', '/opennds/library'],
    ['another secret', `/opennds/library/${SECRET_PATH.replace('w', 'v')}`],
    ['more behind it', `/opennds/library/${SECRET_PATH}x`],
    ['a gateway that is none', `/opennds/nobody/${SECRET_PATH}`],
    ['a gateway of another kind', `/opennds/town-hall/${SECRET_PATH}`],
  ])('%s in the path: nothing is told, whoever asks', async (_, path) => {
    const { app, clock } = await testPortal(town(level));
    const answer = tap(app, level);
    await entries(app, level);
    const told = await ask(app, level, 'view', 'none', path);
    expect(told.status).toBeGreaterThanOrEqual(400);
    expect(told.status).toBeLessThan(500);
    expect(told.text).not.toContain(RHID);
    await request(app)
      .get(`${path}?${redirect(level).split('?')[1]}`)
      .expect(400);
    await clock.advance(3 * SECOND);
    await answer;
  });

  test.each([
    [['127.0.0.0/8', '::1'], 200],
    [['198.51.100.0/24'], 400],
  ])('asked from outside the configured networks it tells nothing: %j', async (sources, status) => {
    const { app } = await testPortal(town(level, `sources: ${JSON.stringify(sources)}`));
    await ask(app, level, 'view').expect(status);
  });

  test.each([
    ['an unknown word', { auth_get: 'delete', gatewayhash: HASH, payload: '' }],
    ['no hash', { auth_get: 'view', payload: 'bm9uZQ==' }],
    ['too long a payload', { auth_get: 'view', gatewayhash: HASH, payload: 'A'.repeat(8_193) }],
  ])('%s is refused', async (_, asked) => {
    const { app } = await testPortal(town(level));
    const query = new URLSearchParams({ ...asked });
    const there =
      level === 4 ? request(app).get(`${pathOf(4)}?${query}`) : request(app).post(pathOf(3)).type('form').send(asked);
    expect((await there).status).toBe(400);
  });
});

test('at levels 1 and 2 nobody asks, so nobody is answered', async () => {
  const { app } = await testPortal(town(2));
  await ask(app, 3, 'view', 'none', '/opennds/library').expect(404);
  await ask(app, 3, 'view', 'none', `/opennds/library/${SECRET_PATH}`).expect(400);
});
