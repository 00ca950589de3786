import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import fc from 'fast-check';
import request from 'supertest';
import { DeviceAddress } from '../../core/mac';
import type { VISIT_REFUSED } from '../../core/reasons';
import { HOUR } from '../../core/time';
import { adapterOf } from '../../portal/gateways';
import type { GatewayAdapter, Recognised } from '../../portal/gateways/gateway';
import { chapResponse } from '../../portal/gateways/uam';
import { gatewayServices } from './support/services';
import {
  acceptances,
  closeStores,
  HID,
  NOW,
  openndsRedirect,
  PORTAL,
  testPortal,
  townConfig,
  UAM_SECRET,
  uamRedirect,
  visitField,
} from './support/town';

afterAll(closeStores);

const SERVICES = gatewayServices();

function adapter(id: string): GatewayAdapter {
  const gateway = townConfig().gateways.find((one) => one.id === id);
  if (gateway === undefined || gateway.kind === 'hostapd') throw new Error(id);
  return adapterOf(gateway, SERVICES);
}

function recognise(id: string, redirect: string): Recognised {
  const [path = '', ...rest] = redirect.split('?');
  const rawQuery = rest.join('?');
  return adapter(id).recognise({ base: PORTAL + path, rawQuery, query: new URLSearchParams(rawQuery) });
}

describe('UAM: CoovaChilli and uspot', () => {
  test('a redirect signed as CoovaChilli signs it makes a visit [md over the raw query]', () => {
    const seen = recognise('town-hall', uamRedirect());
    expect(seen).toMatchObject({
      ok: true,
      stage: 'captive',
      visit: { gateway: 'town-hall', site: 'square', ticket: '6404e33836ce57634cd31263be711b9e' },
    });
    expect(seen).toMatchObject({ visit: { originalUrl: 'http://example.test/some/path?x=1&y=a%20b' } });
  });

  test('a redirect recorded from a running CoovaChilli is understood as it was sent', () => {
    const recorded =
      'res=notyet&uamip=10.1.0.1&uamport=3990&challenge=6404e33836ce57634cd31263be711b9e&called=DE-3C-70-95-19-7B' +
      '&mac=02-11-22-33-44-55&ip=10.1.0.2&nasid=nas-chilli&sessionid=179528876900000001' +
      '&userurl=http%3a%2f%2f192.0.2.80%2fsome%2fpath%3fx%3d1%26y%3da%2520b&md=DA26B7F163B74770598F3F310F9F00FC';
    const gateway = townConfig().gateways.find(({ id }) => id === 'town-hall');
    if (gateway === undefined || !('uam' in gateway)) throw new Error('no such gateway');
    const unsigned = adapterOf({ ...gateway, uam: { address: '10.1.0.1', port: 3990, login: 'chap' } }, SERVICES);
    const redirect = { base: 'http://10.98.0.1:8080/login', rawQuery: recorded, query: new URLSearchParams(recorded) };
    expect(unsigned.recognise(redirect)).toMatchObject({
      stage: 'captive',
      visit: { originalUrl: 'http://192.0.2.80/some/path?x=1&y=a%20b' },
    });
    // The secret it was signed with is not ours.
    expect(adapterOf(gateway, SERVICES).recognise(redirect)).toEqual({ ok: false, reason: 'signature-wrong' });
  });

  test('uspot writes ssid unencoded; the blank that the browser encoded does not break the checksum', () => {
    const asSigned = uamRedirect('town-hall', { ssid: 'Freies WLAN', userurl: undefined });
    expect(recognise('town-hall', asSigned.replaceAll(' ', '%20'))).toMatchObject({ ok: true, stage: 'captive' });
  });

  test.each([
    ['notyet', 'captive', undefined],
    ['failed', 'captive', 'rejected'],
    ['reject', 'captive', 'rejected'],
    ['logoff', 'captive', 'ended'],
    ['timeout', 'captive', 'timed-out'],
    ['success', 'online', undefined],
    ['already', 'online', undefined],
  ])('res=%s is a visitor who is %s (%s)', (res, stage, setback) => {
    const seen = recognise('town-hall', uamRedirect('town-hall', { res }));
    expect(seen).toMatchObject({ ok: true, stage });
    expect('setback' in seen ? seen.setback : undefined).toBe(setback);
  });

  test('without a challenge a visitor who was turned away has to begin anew', () => {
    const seen = recognise('town-hall', uamRedirect('town-hall', { res: 'failed', challenge: undefined }));
    expect(seen).toEqual({ ok: true, stage: 'offline', setback: 'rejected' });
  });

  test('nobody learns from an unsigned redirect whether a device is online', () => {
    expect(recognise('plain', uamRedirect('plain', { res: 'success' }))).toEqual({ ok: true, stage: 'online' });
    expect(recognise('town-hall', uamRedirect('town-hall', { res: 'success' }))).toHaveProperty('device');
  });

  test.each<[string, string, keyof typeof VISIT_REFUSED]>([
    ['another secret', uamRedirect('town-hall', {}, 'another-Secret-12345'), 'signature-wrong'],
    ['a changed parameter', uamRedirect().replace('02-11-22', '02-11-23'), 'signature-wrong'],
    ['no md', uamRedirect('town-hall', {}, undefined).replace(/&md=.*/, ''), 'parameters-missing'],
    ['another uamip', uamRedirect('town-hall', { uamip: '203.0.113.9' }), 'gateway-address-wrong'],
    ['another uamport', uamRedirect('town-hall', { uamport: '80' }), 'gateway-address-wrong'],
    ['an unknown res', uamRedirect('town-hall', { res: 'hello' }), 'parameters-invalid'],
    ['no challenge', uamRedirect('town-hall', { challenge: undefined }), 'parameters-missing'],
    ['a short challenge', uamRedirect('town-hall', { challenge: 'ab' }), 'parameters-invalid'],
    ['no device', uamRedirect('town-hall', { mac: undefined }), 'parameters-missing'],
    ['no device address', uamRedirect('town-hall', { mac: '00-00-00-00-00-00' }), 'parameters-invalid'],
    ['nothing at all', '/uam/town-hall', 'parameters-missing'],
  ])('%s is refused', (_, redirect, reason) => {
    expect(recognise('town-hall', redirect)).toEqual({ ok: false, reason });
  });

  test('the logon address carries MD5(0, password, MD5(challenge, secret)) [RFC 1994, facts/nas B2]', () => {
    const key = createHash('md5').update(Buffer.from('6404e33836ce57634cd31263be711b9e', 'hex')).update('s').digest();
    const expected = createHash('md5')
      .update(Buffer.concat([Buffer.of(0), Buffer.from('pw'), key]))
      .digest('hex');
    expect(chapResponse('pw', '6404e33836ce57634cd31263be711b9e', 's')).toBe(expected);
    const bare = createHash('md5').update(Buffer.concat([Buffer.of(0), Buffer.from('pw'), Buffer.alloc(16, 1)]));
    expect(chapResponse('pw', '01'.repeat(16), undefined)).toBe(bare.digest('hex'));
  });

  test('accepting stores a grant and leads to the gateway’s own logon with a credential', async () => {
    const { app, store } = await testPortal();
    const visit = await visitField(app, uamRedirect());
    const answer = await request(app).post('/accept').type('form').send({ visit }).expect(303);
    const target = new URL(answer.headers.location ?? '');
    expect(target.origin + target.pathname).toBe('http://10.1.0.1:3990/logon');
    const password = store.credentialPassword(target.searchParams.get('username') ?? '');
    expect(target.searchParams.get('response')).toBe(
      chapResponse(password, '6404e33836ce57634cd31263be711b9e', UAM_SECRET),
    );
    expect(target.searchParams.get('userurl')).toMatch(`${PORTAL}/connected?t=`);
    expect(await acceptances(store)).toBe(1);
    const [count] = await store.acceptances('square', { from: NOW - HOUR, to: NOW + HOUR });
    expect(count).toMatchObject({ termsVersion: '2026-11', count: 1 });
  });
});

describe('openNDS', () => {
  test('a level 2 redirect makes a visit', () => {
    expect(recognise('library', openndsRedirect())).toMatchObject({
      ok: true,
      stage: 'captive',
      visit: { gateway: 'library', site: 'shelter', originalUrl: 'http://example.test/p?x=1' },
    });
  });

  test('accepting leads to the auth address with tok, redir and custom, all three [9.10 crashes without]', async () => {
    const { app, store } = await testPortal();
    const visit = await visitField(app, openndsRedirect());
    const answer = await request(app).post('/accept').type('form').send({ visit }).expect(303);
    const target = new URL(answer.headers.location ?? '');
    expect(target.origin + target.pathname).toBe('http://10.77.0.1:2050/opennds_auth/');
    const device = DeviceAddress.parse('02:00:5e:20:00:01');
    const grant = device && (await store.findGrant('shelter', device, NOW));
    const faskey = 'labkey0123456789labkey0123456789';
    expect(target.searchParams.get('tok')).toBe(
      createHash('sha256')
        .update(HID + faskey)
        .digest('hex'),
    );
    expect(target.searchParams.get('redir')).toContain(`${PORTAL}/connected?t=`);
    expect(Buffer.from(target.searchParams.get('custom') ?? '', 'base64').toString()).toContain(`${grant?.id}.`);
  });

  test('a visitor who is in already is told so [status=authenticated]', () => {
    const redirect = '/opennds/library?tok=ab&redir=http://a/&custom=bmE=&status=authenticated';
    expect(recognise('library', redirect)).toEqual({ ok: true, stage: 'online' });
  });

  test.each<[string, string, keyof typeof VISIT_REFUSED]>([
    [
      'level 0',
      '/opennds/library?authaction=http://10.77.0.1:2050/opennds_auth/?clientip=1&tok=bf55f20d',
      'wrong-level',
    ],
    ['level 1', `/opennds/library?fas=${Buffer.from('hid=ab, clientip=1').toString('base64')}`, 'wrong-level'],
    ['another faskey', openndsRedirect({}, 'another-Faskey-of-16+'), 'signature-wrong'],
    ['another gateway address', openndsRedirect({ gatewayaddress: '203.0.113.9:2050' }), 'gateway-address-wrong'],
    ['an authdir that is no word', openndsRedirect({ authdir: '../x' }), 'signature-wrong'],
    ['no device', openndsRedirect({ clientmac: 'none' }), 'parameters-invalid'],
    ['nothing at all', '/opennds/library', 'parameters-missing'],
  ])('%s is refused', (_, redirect, reason) => {
    expect(recognise('library', redirect)).toEqual({ ok: false, reason });
  });
});

test('a refused redirect gets a page in plain words, a count, and no grant', async () => {
  const { app, store, registry } = await testPortal();
  const page = await request(app)
    .get(uamRedirect('town-hall', { uamip: '203.0.113.9' }))
    .expect(400);
  expect(page.text).toContain('So geht es leider nicht weiter');
  expect(page.text).toContain('http://10.1.0.1:3990/prelogin');
  await request(app).get('/uam/nobody?res=notyet').expect(400);
  await request(app).get('/opennds/town-hall?fas=a&iv=b').expect(400);
  const metrics = await registry.metrics();
  expect(metrics).toContain('stadtfunk_portal_refused_total{gateway="town-hall",reason="gateway-address-wrong"} 1');
  expect(metrics).toContain('stadtfunk_portal_refused_total{gateway="none",reason="unknown-gateway"} 2');
  expect(await acceptances(store)).toBe(0);
});

test('mutated redirects: no 5xx, no grant, nothing of theirs in the page', async () => {
  const { app, store } = await testPortal();
  const server = createServer(app).listen(0, '127.0.0.1');
  const bases = [uamRedirect(), uamRedirect('plain'), openndsRedirect()];
  const marker = '<zq>';
  const piece = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom(
      marker,
      '%3Czq%3E',
      '%',
      '%zz',
      '&',
      '=',
      '"><zq>',
      "'",
      '&md=',
      '&res=success',
      '&l=en',
      '../',
      '\u0000',
    ),
  );
  const mutation = fc.tuple(fc.nat(2), fc.nat(600), fc.nat(40), piece);
  await fc.assert(
    fc.asyncProperty(mutation, async ([which, at, cut, insert]) => {
      const base = bases[which] ?? '';
      const query = base.indexOf('?') + 1;
      const from = query + (at % (base.length - query));
      const path = base.slice(0, from) + encodeURI(insert) + base.slice(from + cut);
      const page = await request(server).get(path);
      expect(page.status).toBeLessThan(500);
      expect(page.text).not.toContain(marker);
    }),
    { numRuns: 400 },
  );
  server.close();
  expect(await acceptances(store)).toBe(0);
});
