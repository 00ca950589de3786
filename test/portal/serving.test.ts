import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage, type RequestOptions } from 'node:http';
import { get as getTls, Agent as TlsAgent } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import type { Config } from '../../config/schema';
import { MINUTE, SECOND } from '../../core/time';
import { PortalRole } from '../../portal/role';
import { createLog } from '../../runtime/log';
import { createMetrics } from '../../runtime/metrics';
import { systemRandom } from '../../runtime/random';
import type { Store } from '../../store/store';
import { Authority } from '../radius/certificates';
import { withOperation } from '../radius/with-operation';
import { describeWith } from '../support/packages';
import { until } from '../support/wait';
import { closeStores, openndsRedirect, testPortal, townConfig, uamRedirect } from './support/town';

const HOST = 'wlan.neuwasser.example';
const authority = new Authority();
const roles: PortalRole[] = [];

afterEach(async () => {
  await Promise.all(roles.splice(0).map((role) => role.stop()));
});
afterAll(async () => {
  await closeStores();
  authority.remove();
});

type Portal = Config['portal'];

/** The town of the tests with its portal served as `portal` says, on ports that the system chooses. */
async function serve(portal: Partial<Portal> = {}, wrap = (store: Store): Store => store) {
  const config = townConfig();
  const listen = { host: '::', port: 0 };
  const { live, store, clock } = await testPortal({ ...config, portal: { ...config.portal, listen, ...portal } });
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => lines.push(line) });
  const registry = createMetrics();
  const role = new PortalRole({ config: live, store: wrap(store), clock, random: systemRandom, log, registry });
  roles.push(role);
  await role.start();
  const dropped = async (reason: string): Promise<number> => {
    const text = await registry.metrics();
    return Number(new RegExp(`portal_dropped_total\\{reason="${reason}"\\} (\\d+)`).exec(text)?.[1]);
  };
  return { live, clock, role, lines, registry, dropped };
}

/** The portal with HTTPS, its certificate in files that the test may exchange. */
async function serveTls(portal: Partial<Portal> = {}) {
  const tls = { certificate: authority.path('portal.pem'), key: authority.path('portal.key') };
  put(authority.issue(HOST, `DNS:${HOST}`), tls);
  return { tls, ...(await serve({ url: `https://${HOST}`, tls, ...portal })) };
}

function put(from: Portal['tls'], to: Portal['tls']): void {
  if (from === undefined || to === undefined) return;
  copyFileSync(from.certificate, to.certificate);
  copyFileSync(from.key, to.key);
}

async function answerOf(options: RequestOptions & { ca?: string }, secure = false): Promise<IncomingMessage> {
  const request = secure ? getTls({ host: '127.0.0.1', servername: HOST, ...options }) : get(options);
  const [response]: IncomingMessage[] = await once(request, 'response');
  if (response === undefined) throw new Error('no answer');
  await once(response.resume(), 'end');
  return response;
}

const ca = (): string => readFileSync(authority.certificate, 'utf8');

async function fingerprint(port: number): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', servername: HOST, ca: ca() });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

describeWith(['openssl', 'curl'], 'HTTPS', () => {
  test('asks for HSTS on the portal’s own host only, and speaks no TLS before 1.2', async () => {
    const { role } = await serveTls();
    const own = await answerOf({ port: role.port, path: '/', ca: ca(), headers: { Host: HOST } }, true);
    const other = await answerOf({ port: role.port, path: '/', ca: ca(), headers: { Host: 'other.example' } }, true);
    // The town has an openNDS gateway that needs plain HTTP: browsers are told to forget it.
    expect(own.headers['strict-transport-security']).toBe('max-age=0');
    expect(other.headers['strict-transport-security']).toBeUndefined();
    const old = connectTls({
      port: role.port,
      host: '127.0.0.1',
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ca: ca(),
    });
    await expect(once(old, 'secureConnect')).rejects.toThrow();
  });

  test('curl trusts it and gets the page, by IPv4 and by IPv6', async () => {
    const { role } = await serveTls();
    for (const [family, address] of [
      ['-4', '127.0.0.1'],
      ['-6', '[::1]'],
    ] as const) {
      const to = `${HOST}:${role.port}:${address}`;
      const url = `https://${HOST}:${role.port}/status/school`;
      const options = [
        '--silent',
        family,
        '--cacert',
        authority.certificate,
        '--resolve',
        to,
        '--write-out',
        '%{http_code}',
      ];
      const { stdout } = await promisify(execFile)('curl', [...options, '--output', '/dev/null', url]);
      expect(stdout).toBe('200');
    }
  });

  test.each(['within a minute', 'on SIGHUP'])(
    'takes up a renewed certificate %s, and no connection is dropped',
    async (when) => {
      const { role, tls, clock, live } = await serveTls();
      const agent = new TlsAgent({ keepAlive: true, maxSockets: 1 });
      const ask = () => answerOf({ port: role.port, path: '/', ca: ca(), agent }, true);
      const first = (await ask()).socket;
      const before = await fingerprint(role.port);
      const renewed = authority.issue(HOST, `DNS:${HOST}`);
      put(renewed, tls);
      if (when === 'on SIGHUP') live.exchange({ ...live.current });
      else await clock.advance(MINUTE);
      expect((await ask()).socket).toBe(first);
      const after = await fingerprint(role.port);
      expect(after).not.toBe(before);
      expect(after).toBe(new X509Certificate(readFileSync(renewed.certificate)).fingerprint256);
      agent.destroy();
    },
  );

  test('a renewal that cannot be used is said once, and the last good certificate goes on', async () => {
    const { role, tls, clock, lines } = await serveTls();
    const before = await fingerprint(role.port);
    copyFileSync(authority.issue(HOST, `DNS:${HOST}`).certificate, tls.certificate);
    await clock.advance(5 * MINUTE);
    expect(lines.filter((line) => line.includes('certificate-unusable'))).toEqual([
      expect.stringContaining('does not belong to the certificate'),
    ]);
    expect(await fingerprint(role.port)).toBe(before);
  });

  test.each<[string, () => Portal['tls'], string]>([
    [
      'a missing file',
      () => ({ certificate: '/nowhere/portal.pem', key: '/nowhere/portal.key' }),
      'Cannot read /nowhere/portal.pem: it does not exist.',
    ],
    [
      'the key of another',
      () => ({ ...authority.issue(HOST, `DNS:${HOST}`), key: authority.issue(HOST).key }),
      'does not belong to the certificate',
    ],
    [
      'a certificate for another host',
      () => authority.issue('other.example', 'DNS:other.example'),
      `is not for ${HOST} but for DNS:other.example`,
    ],
    ['no certificate at all', notPem, 'does not hold a certificate in PEM'],
  ])('does not start with %s, and says so', async (_, files, message) => {
    await expect(serve({ url: `https://${HOST}`, tls: files() })).rejects.toThrow(message);
  });

  test('an expired certificate is said at the start, and everything else goes on', async () => {
    const { role, lines, registry } = await serve({ url: `https://${HOST}`, tls: authority.issueExpired(HOST) });
    expect(lines.join('')).toMatch(/is expired on \d{4}-.*certificate-not-valid/);
    expect(await registry.metrics()).toMatch(/portal_certificate_expiry_timestamp_seconds 1\d{9}/);
    expect((await answerOf({ port: role.port, path: '/', agent: lenient }, true)).statusCode).toBe(200);
  });
});

const lenient = new TlsAgent({ rejectUnauthorized: false });

function notPem(): Portal['tls'] {
  const file = authority.path('empty.pem');
  writeFileSync(file, 'nothing');
  return { certificate: file, key: file };
}

describeWith('openssl', 'plain HTTP beside it', () => {
  test.each<[string, string, string, number, string | undefined]>([
    ['the portal asked for by its name', HOST, '/status/school', 302, `https://${HOST}/status/school`],
    ['a redirect of a UAM gateway', HOST, uamRedirect('plain'), 302, `https://${HOST}${uamRedirect('plain')}`],
    ['a whole address', HOST, `http://${HOST}/status/school?a=b`, 302, `https://${HOST}/status/school?a=b`],
    ['a whole address of another host', HOST, 'http://evil.example//x', 302, `https://${HOST}//x`],
    ['visitors of openNDS below level 3', HOST, openndsRedirect(), 200, undefined],
    ['a probe', 'captive.apple.com', '/hotspot-detect.html', 302, 'http://127.0.0.1:3990/logoff'],
  ])('%s', async (_, host, path, status, location) => {
    const { role } = await serveTls({ probes: { host: '::', port: 0 } });
    const answer = await answerOf({ port: role.probesPort, host: '127.0.0.1', path, headers: { Host: host } });
    expect([answer.statusCode, answer.headers.location]).toEqual([status, location]);
    expect(answer.headers['strict-transport-security']).toBeUndefined();
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });
});

test('"::" is every address of the machine, "0.0.0.0" every one of IPv4', async () => {
  const both = await serve();
  for (const host of ['127.0.0.1', '::1']) {
    expect((await answerOf({ host, port: both.role.port, path: '/' })).statusCode).toBe(200);
  }
  const four = await serve({ listen: { host: '0.0.0.0', port: 0 } });
  await expect(answerOf({ host: '::1', port: four.role.port, path: '/' })).rejects.toThrow('ECONNREFUSED');
});

test.each([
  [0, undefined],
  [1, 'max-age=0'],
])('what a proxy says counts only where proxies are configured: %i', async (trustProxy, hsts) => {
  const { role } = await serve({ url: `https://${HOST}`, trustProxy });
  const headers = { Host: HOST, 'X-Forwarded-Proto': 'https' };
  const answer = await answerOf({ port: role.port, path: '/', headers });
  expect(answer.headers['strict-transport-security']).toBe(hsts);
});

/** A connection that has sent this and is still open. */
async function opened(port: number, text = '', host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host }).on('error', () => undefined);
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return socket;
}

const limits = { connections: 40, connectionsPerSource: 20, requestSeconds: 20, unconfirmedPerHour: 4_000 };
const REQUEST = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n`;

describe('limits', () => {
  const POST = 'POST /accept HTTP/1.1\r\nHost: x\r\n';

  test.each<[number, string, string, string]>([
    [400, 'what is no HTTP', 'GARBAGE\r\n\r\n', 'Diese Anfrage ist nicht lesbar'],
    [400, 'a request without Host [RFC 9112 3.2]', 'GET / HTTP/1.1\r\n\r\n', 'Diese Anfrage ist nicht lesbar'],
    [408, 'a request that does not arrive in time', `${POST}Content-Length: 99\r\n\r\nvisit=`, 'nicht rechtzeitig'],
    [417, 'an expectation that nobody can meet', `${REQUEST}Expect: much\r\n\r\n`, 'Diese Anfrage ist nicht lesbar'],
    [431, 'headers of more than 16 kB', `${REQUEST}X: ${'x'.repeat(17_000)}\r\n\r\n`, 'Diese Anfrage ist nicht lesbar'],
  ])('%i: %s gets a page that can be read, with the headers of every page', async (status, _, sent, sentence) => {
    const { role } = await serve({ limits: { ...limits, requestSeconds: 1 } });
    const socket = await opened(role.port, sent);
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await once(socket, 'close');
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(text).toContain(sentence);
    expect(text).toMatch(/<\/html>\s*$/);
    expect(text).toMatch(/^Content-Security-Policy: default-src 'none';style-src 'sha256-/im);
    expect(text).toMatch(/^X-Content-Type-Options: nosniff\r$/im);
    expect(text).toMatch(/^Cache-Control: no-store\r$/im);
  });

  test('connections of one source, and of all', async () => {
    const { role, dropped } = await serve({ limits });
    const mine = await Promise.all(Array.from({ length: 20 }, () => opened(role.port)));
    await once(await opened(role.port), 'close');
    expect(await dropped('source')).toBe(1);
    // Others still get in, until there are too many altogether.
    const theirs = await Promise.all(Array.from({ length: 20 }, () => opened(role.port, '', '::1')));
    expect((await answerOver(theirs[0], `${REQUEST}\r\n`)).slice(0, 12)).toBe('HTTP/1.1 200');
    // Then the one that has been silent for longest makes room for who comes.
    const oneLess = Promise.race(mine.map((socket) => once(socket.resume(), 'close')));
    const late = connect({ port: role.port, host: '127.0.0.1', localAddress: '127.0.0.3' });
    await oneLess;
    expect(await dropped('full')).toBe(1);
    expect((await answerOver(late, `${REQUEST}\r\n`)).slice(0, 12)).toBe('HTTP/1.1 200');
    late.destroy();
    for (const socket of [...mine, ...theirs]) socket.destroy();
    await until('there is room again', async () => {
      const answer = await answerOf({ host: '127.0.0.1', port: role.port, path: '/' }).catch(() => undefined);
      return answer?.statusCode === 200;
    });
  });

  test('behind a proxy the visitors are told apart by what the proxy says', async () => {
    const { role, dropped } = await serve({
      trustProxy: 1,
      limits: { ...limits, connectionsPerSource: 4 },
    });
    const body =
      'POST /accept HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nContent-Type: application/x-www-form-urlencoded\r\n';
    const slow = await Promise.all(
      Array.from({ length: 4 }, () => opened(role.port, `${body}X-Forwarded-For: 203.0.113.5, 198.51.100.7\r\n\r\n`)),
    );
    const status = async (forwarded: string) =>
      (await answerOf({ port: role.port, path: '/', headers: { 'X-Forwarded-For': forwarded } })).statusCode;
    await until('one more is refused', async () => (await status('198.51.100.7')) === 503);
    const headers = { 'X-Forwarded-For': '198.51.100.7', 'Accept-Language': 'tr' };
    const refused = await fetch(`http://127.0.0.1:${role.port}/`, { headers });
    expect([refused.status, refused.headers.get('content-language')]).toEqual([503, 'tr']);
    expect([refused.headers.get('retry-after'), refused.headers.get('x-frame-options')]).toEqual(['10', 'SAMEORIGIN']);
    expect(await refused.text()).toContain('<h1>');
    expect(await status('203.0.113.5, 198.51.100.8')).toBe(200);
    expect(await dropped('source')).toBeGreaterThanOrEqual(1);
    for (const socket of slow) socket.destroy();
  });

  test('who asks again before the answer is there is put out, and nothing of it is kept', async () => {
    const { role, clock, dropped } = await serve({ limits });
    const [several, one] = await Promise.all([opened(role.port), opened(role.port)]);
    several.pause().write(`${REQUEST}\r\n`.repeat(1_000));
    await until('it is put out', async () => (await dropped('impatient')) === 1);
    // Whoever waits for each answer is served as often as he likes.
    for (let i = 0; i < 20; i++) expect((await answerOver(one, `${REQUEST}\r\n`)).slice(0, 12)).toBe('HTTP/1.1 200');
    await clock.advance(30 * SECOND);
    expect([await dropped('impatient'), await dropped('slow')]).toEqual([1, 0]);
    one.destroy();
  });

  test('an answer that is not out in time is given up', async () => {
    const hanging = (store: Store) => withOperation(store, 'census', () => new Promise(() => undefined));
    const { role, clock, dropped } = await serve({ limits }, hanging);
    const socket = await opened(role.port, `GET /transparency HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    const ended = once(socket.resume(), 'close');
    await until('it is put out', async () => {
      await clock.advance(5 * SECOND);
      return (await dropped('slow')) === 1;
    });
    await ended;
  });
});

async function answerOver(socket: Socket | undefined, text: string): Promise<string> {
  if (socket === undefined) throw new Error('no connection');
  socket.write(text);
  const [answer] = await once(socket.setEncoding('latin1'), 'data');
  return String(answer);
}
