import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { DeviceAddress } from '../../core/mac';
import { DAY, HOUR, MINUTE } from '../../core/time';
import { probeListener } from '../../portal/probes';
import { closeStores, NOW, testPortal, townConfig } from './support/town';

afterAll(closeStores);

const TYPE = 'application/captive+json';
const SECRET = 'captive-Secret-of-the-test-21';
const MAC = '02:11:22:33:44:55';

/** The gateway's devices may ask: from 127.0.0.0/8 unsigned if `here`, from anywhere with a signature. */
function config(here = true) {
  return townConfig((yaml) =>
    yaml
      .replace('http://portal.test:8080', 'https://portal.test')
      .replace('clients: [127.0.0.2]', 'clients: [10.1.0.1]')
      .replace('clients: [127.0.0.1]', 'clients: [10.1.0.9]')
      .replace(
        'secret: radius-Secret-of-the-test-18 }\n',
        `secret: radius-Secret-of-the-test-18 }\n    captiveApi: { clients: [${here ? '127.0.0.0/8' : ''}], secret: ${SECRET} }\n`,
      ),
  );
}

/** What a lease's script adds to the address of the API: signed until the end of the lease. */
function signature(mac: string, { secret = SECRET, until = NOW + 8 * HOUR } = {}): string {
  const seconds = until / 1000;
  const sig = createHmac('sha256', secret)
    .update(`${mac.replaceAll(':', '')}.${seconds}`)
    .digest('hex');
  return `until=${seconds}&sig=${sig}`;
}

async function granted(town: Awaited<ReturnType<typeof testPortal>>) {
  const device = DeviceAddress.parse(MAC);
  if (device === undefined) throw new Error('no device');
  const grant = { site: 'square', gateway: 'town-hall', device, termsVersion: '2026-11', language: 'de' };
  return town.store.putGrant({ ...grant, now: NOW, expiresAt: NOW + 4 * HOUR, withCredential: false });
}

describe('the captive portal API [RFC 8908]', () => {
  const ask = (app: Parameters<typeof request>[0], query = `mac=${MAC}`) =>
    request(app).get(`/captive/town-hall?${query}`).set('Accept', TYPE);

  test('a captive device learns where to log in, and the town’s page already', async () => {
    const { app, registry } = await testPortal(config());
    const answer = await ask(app).expect(200);
    expect(answer.body).toEqual({
      captive: true,
      'user-portal-url': 'https://portal.test/captive/town-hall/portal',
      'venue-info-url': 'https://portal.test/status/square',
      'can-extend-session': false,
    });
    expect(await registry.metrics()).toContain('portal_captive_answers_total{gateway="town-hall",result="captive"} 1');
  });

  test('a device that is online learns what is left: all six keys', async () => {
    const town = await testPortal(config());
    await granted(town);
    await town.clock.advance(MINUTE);
    const signed = `mac=${MAC}&${signature(MAC)}`;
    const answer = await ask(town.app, signed).expect(200);
    expect(answer.body).toEqual({
      captive: false,
      'user-portal-url': 'https://portal.test/captive/town-hall/portal',
      'venue-info-url': 'https://portal.test/status/square',
      'can-extend-session': false,
      'seconds-remaining': 4 * 3600 - 60,
      'bytes-remaining': 1_000_000_000,
    });
    await town.clock.advance(4 * HOUR);
    expect((await ask(town.app, signed)).body).toMatchObject({ captive: true });
  });

  test('who heard the signed address on the air can ask no longer than the lease lasts', async () => {
    const { app, clock } = await testPortal(config(false));
    const query = `mac=${MAC}&${signature(MAC, { until: NOW + HOUR })}`;
    await clock.advance(HOUR - 1);
    await ask(app, query).expect(200);
    await clock.advance(1);
    await ask(app, query).expect(400);
  });

  test('during an exam everybody is captive, whatever they hold', async () => {
    const town = await testPortal(config());
    await granted(town);
    await town.store.putExam({ site: 'square', until: NOW + HOUR });
    expect((await ask(town.app)).body.captive).toBe(true);
    await town.clock.advance(HOUR);
    expect((await ask(town.app)).body.captive).toBe(false);
  });

  test('where it may be asked unsigned, others may ask as well: so not how long the device has been here', async () => {
    const town = await testPortal(config());
    await granted(town);
    const { body } = await ask(town.app).expect(200);
    expect(Object.keys(body)).toEqual(['captive', 'user-portal-url', 'venue-info-url', 'can-extend-session']);
    expect(body.captive).toBe(false);
  });

  test('from the gateway’s own address, which all its visitors have, an unsigned question is refused', async () => {
    const own = townConfig((yaml) =>
      yaml
        .replace('http://portal.test:8080', 'https://portal.test')
        .replace('clients: [127.0.0.2]', 'clients: [127.0.0.0/8]')
        .replace(
          'secret: radius-Secret-of-the-test-18 }\n',
          `secret: radius-Secret-of-the-test-18 }\n    captiveApi: { secret: ${SECRET} }\n`,
        ),
    );
    const town = await testPortal(own);
    await granted(town);
    await ask(town.app).expect(400);
    await ask(town.app, `mac=${MAC}&${signature(MAC)}`).expect(200);
  });

  test('type, caching and size are as devices want them', async () => {
    const { app } = await testPortal(config());
    const { headers } = await ask(app);
    expect(headers['content-type']).toBe(TYPE);
    expect(headers['cache-control']).toBe('private, no-store');
    expect(headers.vary).toContain('Accept');
    expect(Number(headers['content-length'])).toBeLessThan(4096);
  });

  test('a browser is led to the gateway’s login instead', async () => {
    const { app } = await testPortal(config());
    const asked = await request(app)
      .get(`/captive/town-hall?mac=${MAC}`)
      .set('Accept', 'text/html,*/*;q=0.8')
      .expect(302);
    expect(asked.headers.vary).toContain('Accept');
    const answer = await request(app).get(String(asked.headers.location)).expect(302);
    expect(answer.headers.location).toBe('http://10.1.0.1:3990/prelogin');
  });

  test.each<[string, string, boolean, number]>([
    ['unsigned, from where it may be asked so', `mac=${MAC}`, true, 200],
    ['unsigned, from elsewhere', `mac=${MAC}`, false, 400],
    ['signed, from elsewhere', `mac=02-11-22-33-44-55&${signature(MAC)}`, false, 200],
    ['signed for another device', `mac=${MAC}&${signature('02:11:22:33:44:56')}`, false, 400],
    ['signed with another secret', `mac=${MAC}&${signature(MAC, { secret: 'x'.repeat(20) })}`, false, 400],
    [
      'signed for so long that it might as well be for ever',
      `mac=${MAC}&${signature(MAC, { until: NOW + 9 * DAY })}`,
      false,
      400,
    ],
    ['with another end than was signed', `mac=${MAC}&${signature(MAC).replace('until=1', 'until=2')}`, false, 400],
    ['with a signature without end', `mac=${MAC}&${signature(MAC).replace(/until=\d+&/, '')}`, false, 400],
    ['with a signature that is none', `mac=${MAC}&sig=abc`, false, 400],
    ['without a device', 'mac=', true, 400],
    ['with CoovaChilli’s placeholder as it stands', 'mac=%25%7Bm%7D', true, 400],
  ])('asked %s', async (_, query, here, status) => {
    const { app } = await testPortal(config(here));
    const answer = await ask(app, query);
    expect(answer.status).toBe(status);
  });

  test('a gateway that has none, and one that is not there, have no such page', async () => {
    const { app } = await testPortal(config());
    await request(app).get('/captive/library?mac=1').set('Accept', TYPE).expect(404);
    await request(app).get('/captive/nowhere').set('Accept', TYPE).expect(404);
    await request(app).get('/captive/nowhere/portal').expect(404);
  });
});

describe('what captive devices ask of the internet [facts: visitor 1.1]', () => {
  test.each<[string, string, string]>([
    ['iOS and macOS', 'http://captive.apple.com/hotspot-detect.html', 'apple'],
    ['older Apple systems', 'http://www.apple.com/library/test/success.html', 'apple'],
    ['Android', 'http://connectivitycheck.gstatic.com/generate_204', 'android'],
    ['Android’s first fallback', 'http://www.google.com/gen_204', 'android'],
    ['Android’s second fallback', 'http://play.googleapis.com/generate_204', 'android'],
    ['Samsung in China', 'http://connectivity.samsung.com.cn/generate_204', 'android'],
    ['Huawei', 'http://connectivitycheck.platform.hicloud.com/generate_204', 'android'],
    ['Xiaomi', 'http://connect.rom.miui.com/generate_204', 'android'],
    ['vivo', 'http://wifi.vivo.com.cn/generate_204', 'android'],
    ['GrapheneOS', 'http://connectivitycheck.grapheneos.network/generate_204', 'android'],
    ['GrapheneOS’s fallback', 'http://grapheneos.online/gen_204', 'android'],
    ['Windows', 'http://www.msftconnecttest.com/connecttest.txt', 'windows'],
    ['Windows over IPv6', 'http://ipv6.msftconnecttest.com/connecttest.txt', 'windows'],
    ['the browser that Windows opens', 'http://www.msftconnecttest.com/redirect', 'windows'],
    ['older Windows', 'http://www.msftncsi.com/ncsi.txt', 'windows'],
    ['Edge', 'http://edge-http.microsoft.com/captiveportal/generate_204', 'windows'],
    ['Firefox', 'http://detectportal.firefox.com/canonical.html', 'firefox'],
    ['Firefox over IPv4', 'http://detectportal.firefox.com/success.txt?ipv4', 'firefox'],
    ['ChromeOS', 'http://www.gstatic.com/generate_204', 'android'],
    ['ChromeOS, another', 'http://safebrowsing.google.com/generate_204', 'android'],
    ['GNOME', 'http://nmcheck.gnome.org/check_network_status.txt', 'linux'],
    ['Debian', 'http://network-test.debian.org/nm', 'linux'],
    ['Ubuntu', 'http://connectivity-check.ubuntu.com/', 'linux'],
    ['Fedora', 'http://fedoraproject.org/static/hotspot.txt', 'linux'],
    ['Kindle', 'http://spectrum.s3.amazonaws.com/kindle-wifi/wifistub.html', 'amazon'],
    ['Fire OS', 'http://fireoscaptiveportal.com/generate_204', 'amazon'],
    ['any other page', 'http://example.test/?a=1', 'other'],
  ])('%s is led to the login, never told 511 or 204', async (_, asked, kind) => {
    const { portal, registry } = await testPortal(config());
    const { host, pathname, search } = new URL(asked);
    for (const method of ['get', 'head', 'post'] as const) {
      const answer = await request(probeListener(portal))
        [method](pathname + search)
        .set('Host', host);
      expect([answer.status, answer.headers.location]).toEqual([302, 'https://portal.test/']);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.headers.connection).toBe('close');
      if (method === 'get') expect(answer.text).toContain('<a href="https://portal.test/">');
    }
    expect(await registry.metrics()).toContain(`portal_probes_total{kind="${kind}"} 3`);
  });

  test('devices of a gateway that we know are led to its own login, which knows them', async () => {
    const { portal } = await testPortal(townConfig());
    const server = createServer(probeListener(portal));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/generate_204`, { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe('http://127.0.0.1:3990/logoff');
    server.close();
  });
});
