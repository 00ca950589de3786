import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CREDENTIAL_LIFETIME_MS } from '../../core/grant';
import { DROP, REJECT, type RejectReason } from '../../core/reasons';
import { MINUTE, SECOND } from '../../core/time';
import { type Attribute, integerAttribute, textAttribute } from '../../radius/wire/attributes';
import { CODE, encodePacket, parsePacket } from '../../radius/wire/packet';
import { LABELS } from '../../runtime/metrics';
import { packageRoot } from '../../runtime/package-root';
import { accountingRequest, BareGateway, papRequest, signedRequest } from './client';
import { DEVICE, GATEWAYS, type GatewayName, NOW, Town, townConfig } from './town';

const SECRET = Buffer.from(GATEWAYS['gw-rathaus'].secret);
const device = textAttribute('Calling-Station-Id', DEVICE);

function start(sessionId: string, ...more: Attribute[]): Attribute[] {
  return [integerAttribute('Acct-Status-Type', 1), textAttribute('Acct-Session-Id', sessionId), ...more];
}

describe('a RADIUS server', () => {
  let town: Town;
  const gateways = new Map<GatewayName, BareGateway>();
  const gateway = (name: GatewayName): BareGateway => gateways.get(name) as BareGateway;

  beforeAll(async () => {
    town = await Town.open();
    for (const [name, { source, secret }] of Object.entries(GATEWAYS)) {
      gateways.set(name as GatewayName, await BareGateway.open(source, Buffer.from(secret)));
    }
  });
  afterAll(async () => {
    for (const open of gateways.values()) open.close();
    await town.close();
  });

  const authenticate = (octets: Buffer, from: GatewayName = 'gw-rathaus') =>
    gateway(from).ask(octets, town.role.authenticationPort);
  const account = (octets: Buffer, from: GatewayName = 'gw-rathaus') =>
    gateway(from).ask(octets, town.role.accountingPort);

  test('every series exists from the start, so that the first event shows, under the agreed labels only', async () => {
    const page = await town.registry.metrics();
    for (const reason of Object.keys(DROP)) expect(page).toContain(`radius_dropped_total{reason="${reason}"} 0`);
    for (const reason of Object.keys(REJECT)) expect(page).toContain(`radius_rejects_total{reason="${reason}"} 0`);
    for (const kind of ['start', 'interim', 'stop', 'on', 'off']) {
      expect(page).toContain(`radius_accounting_records_total{kind="${kind}"} 0`);
    }
    for (const site of ['rathaus', 'bibliothek']) {
      expect(page).toContain(`stadtfunk_sessions{site="${site}"} 0`);
      expect(page).toContain(`stadtfunk_site_octets_total{site="${site}",direction="upload"} 0`);
      expect(page).toContain(`stadtfunk_site_sessions_total{site="${site}"} 0`);
    }
    for (const [, label] of page.matchAll(/[{,](\w+)=/g)) expect(LABELS).toContain(label);
  });

  describe.each(['malformed', 'unverified', 'unanswered'])('test/fixtures/radius/%s.txt', (file) => {
    const lines = readFileSync(join(packageRoot, 'test/fixtures/radius', `${file}.txt`), 'utf8').split('\n');
    const vectors = lines.flatMap((line, i) => {
      const [reason = '', port = '', octets = ''] = line.split(' ');
      return line === '' || line.startsWith('#') ? [] : [{ reason, port, octets, what: lines[i - 1]?.slice(2) ?? '' }];
    });

    test.each(vectors)('$reason: $what', async ({ reason, port, octets }) => {
      const before = await town.metric('radius_dropped_total', { reason });
      const to = port === 'accounting' ? town.role.accountingPort : town.role.authenticationPort;
      gateway('gw-rathaus').send(Buffer.from(octets, 'hex'), to);
      expect(await gateway('gw-rathaus').settle(to)).toEqual([]);
      expect(await town.metric('radius_dropped_total', { reason })).toBe(before + 1);
    });
  });

  test('an address that is no gateway’s gets no answer, however right the packet is', async () => {
    const stranger = await BareGateway.open('127.0.0.99', SECRET);
    stranger.send(signedRequest(CODE.statusServer, 1, [], SECRET), town.role.authenticationPort);
    await gateway('gw-rathaus').settle(town.role.authenticationPort);
    expect(stranger.replies).toEqual([]);
    expect(await town.metric('radius_dropped_total', { reason: 'unknown-nas' })).toBe(1);
    stranger.close();
  });

  test('a retransmitted Access-Request gets the same octets again [RFC 5080 2.2.2]', async () => {
    const { username, password } = await town.credential('gw-rathaus');
    const request = papRequest(1, password, [textAttribute('User-Name', username), device], SECRET);
    const first = await authenticate(request);
    expect(first[0]).toBe(CODE.accessAccept);
    expect(await authenticate(request)).toEqual(first);
    await town.clock.advance(29 * SECOND);
    expect(await authenticate(request)).toEqual(first);
    expect(await town.metric('radius_repeats_total', { kind: 'access' })).toBe(2);
    // After half a minute it is a request of its own, made anew by which the credential was used; another one is refused.
    await town.clock.advance(2 * SECOND);
    expect((await authenticate(request))[0]).toBe(CODE.accessAccept);
    const another = papRequest(2, password, [textAttribute('User-Name', username), device], SECRET);
    expect((await authenticate(another))[0]).toBe(CODE.accessReject);
    await town.clock.advance(CREDENTIAL_LIFETIME_MS);
    expect((await authenticate(request))[0]).toBe(CODE.accessReject);
  });

  test('another code with the same identifier and authenticator is another request [RFC 5080 2.2.2]', async () => {
    const authenticator = Buffer.alloc(16, 0x5a);
    const status = signedRequest(CODE.statusServer, 9, [], SECRET, authenticator);
    expect((await authenticate(status))[0]).toBe(CODE.accessAccept);
    const request = signedRequest(CODE.accessRequest, 9, [device], SECRET, authenticator);
    expect((await authenticate(request))[0]).toBe(CODE.accessReject);
  });

  test('the same identifier with another authenticator is another request [RFC 5080 2.2.2]', async () => {
    const ask = async (session: string) => {
      const reply = await account(accountingRequest(2, start(session), SECRET));
      return reply.subarray(4, 20).toString('hex');
    };
    expect(await ask('first')).not.toBe(await ask('second'));
    expect(await town.store.getSession('gw-rathaus', 'second')).toBeDefined();
  });

  test.each<{ reason: RejectReason; make: (username: string, password: string) => Attribute[] | Buffer }>([
    {
      reason: 'password-wrong',
      make: (name) => papRequest(3, 'guessed', [textAttribute('User-Name', name), device], SECRET),
    },
    { reason: 'password-missing', make: (name) => [textAttribute('User-Name', name), device] },
    { reason: 'credential-unknown', make: (_, password) => papRequest(3, password, [device], SECRET) },
    {
      reason: 'device-missing',
      make: (name, password) => papRequest(3, password, [textAttribute('User-Name', name)], SECRET),
    },
    {
      reason: 'device-missing',
      make: (name, password) =>
        papRequest(
          3,
          password,
          [textAttribute('User-Name', name), textAttribute('Calling-Station-Id', '00-00-00-00-00-00')],
          SECRET,
        ),
    },
    {
      reason: 'credential-other-device',
      make: (name, password) =>
        papRequest(
          3,
          password,
          [textAttribute('User-Name', name), textAttribute('Calling-Station-Id', '02:ff:ff:ff:ff:ff')],
          SECRET,
        ),
    },
  ])('rejects for the reason $reason, says so, signs it, and the credential still works', async ({ reason, make }) => {
    const { username, password } = await town.credential('gw-rathaus');
    const made = make(username, password);
    const before = await town.metric('radius_rejects_total', { reason });
    const request = Buffer.isBuffer(made) ? made : signedRequest(CODE.accessRequest, 3, made, SECRET);
    const reply = parsePacket(await authenticate(request));
    expect(reply?.code).toBe(CODE.accessReject);
    expect(reply?.attributes.text('Reply-Message')).toBe(REJECT[reason]);
    expect([...(reply?.attributes ?? [])].map(({ type }) => type)).toEqual([80, 18]);
    expect(await town.metric('radius_rejects_total', { reason })).toBe(before + 1);

    if (reason === 'credential-other-device') return;
    const right = papRequest(4, password, [textAttribute('User-Name', username), device], SECRET);
    expect((await authenticate(right))[0]).toBe(CODE.accessAccept);
  });

  test('a credential works at the gateway it was issued for, and nowhere else', async () => {
    const { username, password } = await town.credential('gw-rathaus');
    const secret = Buffer.from(GATEWAYS['gw-bibliothek'].secret);
    const request = papRequest(5, password, [textAttribute('User-Name', username), device], secret);
    const reply = parsePacket(await authenticate(request, 'gw-bibliothek'));
    expect(reply?.attributes.text('Reply-Message')).toBe(REJECT['credential-other-gateway']);
  });

  test('a gateway that cannot sign is served when the configuration says so, and still gets signed answers', async () => {
    const { username, password } = await town.credential('gw-alt');
    const secret = Buffer.from(GATEWAYS['gw-alt'].secret);
    const signed = papRequest(6, password, [textAttribute('User-Name', username), device], secret);
    const parsed = parsePacket(signed);
    const unsigned = encodePacket(
      CODE.accessRequest,
      6,
      signed.subarray(4, 20),
      [...(parsed?.attributes ?? [])].filter(({ type }) => type !== 80),
    );
    const reply = parsePacket(await authenticate(unsigned, 'gw-alt'));
    expect(reply?.code).toBe(CODE.accessAccept);
    expect([...(reply?.attributes ?? [])][0]?.type).toBe(80);
  });

  const at = Math.floor(NOW / SECOND);
  test.each([
    { what: 'the gateway’s own time', attributes: () => [{ event: at - 300 }, { delay: 0 }], ago: 300 },
    { what: 'its own time, sent late', attributes: () => [{ event: at - 1000 }, { delay: 900 }], ago: 1000 },
    { what: 'reckoned back when its clock is wrong', attributes: () => [{ event: 1000 }, { delay: 9 }], ago: 9 },
    { what: 'reckoned back when it says no time', attributes: () => [{ delay: 21 }], ago: 21 },
    { what: 'at most a day ago', attributes: () => [{ delay: 2 ** 32 - 1 }], ago: 86_400 },
  ])('a record happened at $what [RFC 2866 5.2, RFC 2869 5.3]', async ({ what, attributes, ago }) => {
    const now = town.clock.now();
    const drift = Math.floor((now - NOW) / SECOND);
    const times = attributes().map((time) =>
      'event' in time && time.event !== undefined
        ? integerAttribute('Event-Timestamp', time.event === 1000 ? 1000 : time.event + drift)
        : integerAttribute('Acct-Delay-Time', time.delay ?? 0),
    );
    await account(accountingRequest(7, start(what, ...times), SECRET));
    const session = await town.store.getSession('gw-rathaus', what);
    expect(Math.abs((session?.segments[0]?.start ?? 0) - (now - ago * SECOND))).toBeLessThan(SECOND);
  });

  test('CoovaChilli counts from the visitor’s side unless it says otherwise; more than 32 bits add up', async () => {
    const secret = Buffer.from(GATEWAYS['gw-bibliothek'].secret);
    const counters = [
      integerAttribute('Acct-Status-Type', 3),
      integerAttribute('Acct-Session-Time', 60),
      integerAttribute('Acct-Input-Octets', 500),
      integerAttribute('Acct-Input-Gigawords', 2),
      integerAttribute('Acct-Output-Octets', 70),
    ];
    const download = 2 * 2 ** 32 + 500;
    const report = async (id: string, ...more: Attribute[]) => {
      const attributes = [...counters, textAttribute('Acct-Session-Id', id), ...more];
      await account(accountingRequest(8, attributes, secret), 'gw-bibliothek');
      return (await town.store.getSession('gw-bibliothek', id))?.segments[0];
    };
    expect(await report('unsaid')).toMatchObject({ downloadOctets: download, uploadOctets: 70 });
    const fromVisitor = integerAttribute('ChilliSpot-Acct-View-Point', 2);
    expect(await report('visitor', fromVisitor)).toMatchObject({ downloadOctets: download, uploadOctets: 70 });
    const fromNetwork = integerAttribute('ChilliSpot-Acct-View-Point', 1);
    expect(await report('network', fromNetwork)).toMatchObject({ downloadOctets: 70, uploadOctets: download });
    const counted = { site: 'bibliothek', direction: 'download' };
    expect(await town.metric('site_octets_total', counted)).toBe(2 * download + 70);
  });

  test('a session that its gateway names after the device is kept under another name', async () => {
    const station = textAttribute('Calling-Station-Id', '02-A1-B2-C3-D4-E5');
    const named = (status: number, id: string) => [
      integerAttribute('Acct-Status-Type', status),
      integerAttribute('Acct-Session-Time', 0),
      textAttribute('Acct-Session-Id', id),
      station,
    ];
    const running = async () => (await town.store.countSessions()).get('rathaus') ?? 0;
    for (const id of ['02A1B2C3D4E5-67AB12', '02a1:b2c3:d4e5/1']) {
      const before = await running();
      await account(accountingRequest(11, named(1, id), SECRET));
      expect(await town.store.getSession('gw-rathaus', id)).toBeUndefined();
      expect(await running()).toBe(before + 1);
      await town.clock.advance(2 * SECOND);
      await account(accountingRequest(12, named(2, id), SECRET));
      expect(await running()).toBe(before);
    }
    await account(accountingRequest(13, named(1, '67AB1200AFFE1234'), SECRET));
    expect(await town.store.getSession('gw-rathaus', '67AB1200AFFE1234')).toBeDefined();
  });

  test('a gateway that is added while the server runs is answered', async () => {
    const before = town.config.current;
    const added = {
      id: 'gw-neu',
      kind: 'uspot',
      site: 'rathaus',
      uam: { address: '127.0.0.1' },
      radius: { clients: ['127.0.0.98'], secret: 'a-secret-of-its-own-for-neu' },
    };
    const secret = Buffer.from(added.radius.secret);
    const gatewayNew = await BareGateway.open('127.0.0.98', secret);
    town.config.exchange(townConfig(before.store.path, { gateways: [added] }));
    const reply = await gatewayNew.ask(signedRequest(CODE.statusServer, 1, [], secret), town.role.authenticationPort);
    expect(reply[0]).toBe(CODE.accessAccept);
    town.config.exchange(before);
    gatewayNew.close();
  });

  test('log lines name gateways and reasons, once a minute, and never a device, a user name or a password', async () => {
    // Whatever was rejected before belongs to another minute.
    await town.clock.advance(MINUTE);
    const { username, password } = await town.credential('gw-rathaus');
    const before = town.log.length;
    for (let i = 0; i < 20; i++) {
      await authenticate(papRequest(20 + i, 'guessed', [textAttribute('User-Name', username), device], SECRET));
    }
    const lines = town.log.slice(before).trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      event: 'radius-rejected',
      role: 'radius',
      nas: 'gw-rathaus',
      reason: 'password-wrong',
      count: 1,
    });
    await town.clock.advance(MINUTE);
    await authenticate(papRequest(60, 'guessed', [textAttribute('User-Name', username), device], SECRET));
    expect(town.log).toContain('"reason":"password-wrong","count":20');
    for (const secret of [username, password, DEVICE, DEVICE.toLowerCase(), DEVICE.replaceAll('-', ''), 'guessed']) {
      expect(town.log).not.toContain(secret);
    }
  });
});
