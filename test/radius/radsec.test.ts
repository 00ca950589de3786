import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { DeviceAddress } from '../../core/mac';
import { HOUR, SECOND } from '../../core/time';
import { integerAttribute, octetsAttribute, textAttribute } from '../../radius/wire/attributes';
import { CODE, encodePacket, parsePacket } from '../../radius/wire/packet';
import { describeWith } from '../support/packages';
import { until } from '../support/wait';
import { Authority, type Pair } from './certificates';
import { accountingRequest, hide, papRequest, signedRequest } from './client';
import { type Proof, RadsecClient } from './radsec-client';
import {
  acknowledge,
  openRadsecTown,
  PSK,
  RADSEC,
  radsecGateways,
  radsecSection,
  started,
  status,
  UDP_SECRET,
} from './radsec-town';
import { DEVICE, type GatewayName, type Town, townConfig } from './town';

describeWith('openssl', 'RadSec', () => {
  let authority: Authority;
  let foreign: Authority;
  let own: Pair;
  let rathaus: Pair;
  let bibliothek: Pair;
  let town: Town;
  const clients: RadsecClient[] = [];

  async function connect(proof: Proof, options = {}): Promise<RadsecClient> {
    const client = await RadsecClient.open(town.role.radsecPort, proof, options);
    clients.push(client);
    return client;
  }

  beforeAll(() => {
    authority = new Authority();
    foreign = new Authority();
    own = authority.issue('radius.example', 'IP:127.0.0.1');
    rathaus = authority.issue('rathaus');
    bibliothek = authority.issue('a library', 'DNS:other.example,DNS:bibliothek.example');
  });
  afterAll(() => {
    authority.remove();
    foreign.remove();
  });
  beforeEach(async () => {
    town = await openRadsecTown(authority, own);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await town.close();
  });

  async function login(gateway: GatewayName, identifier = 7): Promise<Buffer> {
    const { username, password } = await town.credential(gateway);
    const attributes = [textAttribute('User-Name', username), textAttribute('Calling-Station-Id', DEVICE)];
    return papRequest(identifier, password, attributes, RADSEC);
  }

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'authentication, accounting and Status-Server share one connection, over %s [RFC 6614 2.1, RFC 5997]',
    async (version) => {
      const client = await connect(rathaus, { minVersion: version, maxVersion: version });
      expect(client.protocol).toBe(version);
      expect((await client.ask(await login('gw-rathaus')))[0]).toBe(CODE.accessAccept);
      expect((await client.ask(papRequest(8, 'guess', [], RADSEC)))[0]).toBe(CODE.accessReject);
      expect((await client.ask(started(9, 'S1')))[0]).toBe(CODE.accountingResponse);
      expect((await client.ask(status(10)))[0]).toBe(CODE.accessAccept);
      expect(await town.store.getSession('gw-rathaus', 'S1')).toBeDefined();
      expect(await town.metric('radius_radsec_connections', { gateway: 'gw-rathaus' })).toBe(1);
      client.close();
      await until('the connection is gone', async () => {
        return (await town.metric('radius_radsec_connections', { gateway: 'gw-rathaus' })) === 0;
      });
    },
  );

  test('TLS proves who asks, so an Access-Request needs no signature', async () => {
    const client = await connect(rathaus);
    const authenticator = Buffer.alloc(16, 5);
    const password = { type: 2, value: hide('guess', authenticator, RADSEC) };
    const request = encodePacket(CODE.accessRequest, 1, authenticator, [password]);
    expect((await client.ask(request))[0]).toBe(CODE.accessReject);
  });

  test('gateways behind one address are told apart by certificate and by key', async () => {
    const proofs = [rathaus, bibliothek, { identity: 'gw-alt', psk: PSK }];
    for (const proof of proofs) expect((await (await connect(proof)).ask(started(1, 'S1')))[0]).toBe(5);
    for (const gateway of ['gw-rathaus', 'gw-bibliothek', 'gw-alt']) {
      expect(await town.store.getSession(gateway, 'S1')).toBeDefined();
      expect(await town.metric('radius_radsec_connections', { gateway })).toBe(1);
    }
  });

  test.each(['-tls1_2', '-tls1_3'])('openssl connects with a pre-shared key, %s [RFC 9813]', async (version) => {
    const at = ['-connect', `127.0.0.1:${town.role.radsecPort}`, version, '-quiet'];
    const child = spawn('openssl', ['s_client', ...at, '-psk_identity', 'gw-alt', '-psk', PSK]);
    child.stdin.write(status());
    const [reply] = await once(child.stdout, 'data');
    child.stdin.destroy();
    child.kill('SIGKILL');
    expect(reply[0]).toBe(CODE.accessAccept);
    expect(await town.metric('radius_requests_total', { kind: 'status' })).toBe(1);
  });

  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('refused over %s', (version) => {
    test.each([
      { who: 'nobody', proof: () => undefined, reason: 'tls-failed' },
      { who: 'a certificate of another authority', proof: () => foreign.issue('rathaus'), reason: 'tls-failed' },
      { who: 'an expired certificate', proof: () => authority.issueExpired('rathaus'), reason: 'tls-failed' },
      {
        who: 'a certificate with another name',
        proof: () => authority.issue('nobody', 'DNS:x.example,URI:rathaus.x'),
        reason: 'unknown-tls-identity',
      },
      { who: 'a wrong key', proof: () => ({ identity: 'gw-alt', psk: `00${PSK}` }), reason: 'tls-failed' },
      { who: 'an unknown identity', proof: () => ({ identity: 'gw-x', psk: PSK }), reason: 'tls-failed' },
    ])('$who: closed, counted as $reason, without an address in the log', async ({ proof, reason }) => {
      const client = await connect(proof(), { minVersion: version, maxVersion: version });
      client.send(status());
      await client.whenClosed();
      expect(client.received).toEqual([]);
      expect(await town.metric('radius_dropped_total', { reason })).toBe(1);
      expect(town.log).toContain('"event":"radsec-refused"');
      expect(town.log).not.toContain('127.0.0.1');
      expect(town.log).not.toContain('gw-x');
    });
  });

  test('TLS 1.1 is not spoken', async () => {
    const client = await connect(rathaus, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' });
    await client.whenClosed();
  });

  test.each([
    { what: 'octets that are no packet', octets: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), closes: true },
    { what: 'a wrong signature', octets: signedRequest(CODE.statusServer, 1, [], Buffer.from('x')), closes: true },
    { what: 'a forged record', octets: accountingRequest(1, [], Buffer.from('x')), closes: true },
    { what: 'an attribute without length', octets: Buffer.from(`010100160${'0'.repeat(31)}0100`, 'hex'), closes: true },
    { what: 'a packet type that is not served', octets: encodePacket(200, 1, Buffer.alloc(16), []), closes: false },
    { what: 'an answer to nothing', octets: encodePacket(41, 1, Buffer.alloc(16), []), closes: false },
  ])('$what: the connection closes ($closes) [RFC 6613 2.6.4]', async ({ octets, closes }) => {
    const client = await connect(rathaus);
    client.send(octets);
    if (closes) await client.whenClosed();
    else expect((await client.ask(status(2)))[1]).toBe(2);
    expect(client.received).toHaveLength(closes ? 0 : 1);
  });

  test('what comes again gets the same octets, also on a new connection', async () => {
    const client = await connect(rathaus);
    const request = await login('gw-rathaus');
    const reply = await client.ask(request);
    expect(reply[0]).toBe(CODE.accessAccept);
    expect(await client.ask(request)).toEqual(reply);
    client.close();
    expect(await (await connect(rathaus)).ask(request)).toEqual(reply);
  });

  test('half a packet may wait 30 seconds, silence an hour', async () => {
    const [stuck, silent] = [await connect(rathaus), await connect(bibliothek)];
    await Promise.all([stuck.ask(status()), silent.ask(status())]);
    stuck.send(status().subarray(0, 10));
    await silent.ask(status(2));
    await town.clock.advance(41 * SECOND);
    await stuck.whenClosed();
    expect((await silent.ask(status(3)))[1]).toBe(3);
    await town.clock.advance(HOUR + 20 * SECOND);
    await silent.whenClosed();
  });

  test('who does not take its answers is not read either, and cut off after 30 seconds', async () => {
    const sent = 4000;
    const client = await connect(rathaus);
    client.pause();
    const states = Array.from({ length: 15 }, () => octetsAttribute('Proxy-State', Buffer.alloc(253)));
    for (let i = 0; i < sent; i++) client.send(signedRequest(CODE.statusServer, i % 256, states, RADSEC));
    const answered = () => town.metric('radius_requests_total', { kind: 'status' });
    let before = -1;
    await until('no more are answered', async () => {
      const now = await answered();
      const stands = now > 0 && now === before;
      before = now;
      return stands;
    });
    expect(before).toBeLessThan(sent);
    await town.clock.advance(41 * SECOND);
    await until('it is cut off', async () => {
      return (await town.metric('radius_radsec_connections', { gateway: 'gw-rathaus' })) === 0;
    });
  });

  test('a reload changes certificates without closing connections; bad files leave the old ones', async () => {
    const before = await connect(rathaus);
    expect(before.server).toBe('radius.example');
    const renewed = authority.issue('renewed.example');
    const reload = (pair: Pair) =>
      town.config.exchange(townConfig('.', { radius: radsecSection(authority, pair), gateways: radsecGateways() }));
    reload(renewed);
    expect((await before.ask(status(1)))[1]).toBe(1);
    expect((await connect(rathaus)).server).toBe('renewed.example');
    const { validTo } = new X509Certificate(readFileSync(renewed.certificate));
    expect(await town.metric('radius_certificate_expiry_timestamp_seconds')).toBe(Date.parse(validTo) / 1000);
    reload({ ...renewed, key: own.key });
    expect(town.log).toContain('radsec-certificates-refused');
    expect((await connect(rathaus)).server).toBe('renewed.example');
  });

  test('a gateway that the configuration no longer knows by its proof is cut off', async () => {
    const [kept, gone, byKey] = [
      await connect(rathaus),
      await connect(bibliothek),
      await connect({ identity: 'gw-alt', psk: PSK }),
    ];
    town.useGateways([...radsecGateways({ certificateName: 'new.example' }).slice(0, 2)]);
    await Promise.all([gone.whenClosed(), byKey.whenClosed()]);
    expect((await kept.ask(status()))[0]).toBe(CODE.accessAccept);
  });

  test('a gateway opens no more than 64 connections', async () => {
    const all = await Promise.all(Array.from({ length: 65 }, () => connect(rathaus)));
    await until('one is closed', () => all.some((client) => client.closed));
    expect(all.filter((client) => client.closed)).toHaveLength(1);
    expect(await town.metric('radius_dropped_total', { reason: 'too-many-connections' })).toBe(1);
  });

  test('a gateway that answers orders by UDP only gets them there, too', async () => {
    const das = createSocket('udp4');
    das.bind(0, '127.0.0.1');
    await once(das, 'listening');
    das.on('message', (order, peer) => das.send(acknowledge(order, UDP_SECRET), peer.port, peer.address));
    town.useGateways(radsecGateways({}, { dynamicAuthorization: { address: '127.0.0.1', port: das.address().port } }));
    const client = await connect(rathaus);
    await client.ask(started(1, 'D2'));
    await town.store.orderEnd({ gateway: 'gw-rathaus' }, town.clock.now());
    await town.clock.advance(SECOND);
    await until('the order has come over TLS', () => client.received[1]);
    await town.clock.advance(6 * SECOND);
    const settled = await until('it is settled', async () => {
      return (await town.store.getEnd({ gateway: 'gw-rathaus', sessionId: 'D2' }))?.settled;
    });
    expect(settled.result).toBe('done');
    das.close();
  });

  test('a session is ended over the connection that its gateway keeps open [RFC 5176, RFC 8559 4]', async () => {
    const client = await connect(bibliothek);
    const name = { integer: integerAttribute('Acct-Status-Type', 1), session: textAttribute('Acct-Session-Id', 'D1') };
    const user = textAttribute('User-Name', 'kq3Vn0cYx2mZ7bL9tR4w_A');
    await client.ask(accountingRequest(1, [name.integer, name.session, user], RADSEC));
    await town.store.orderEnd({ gateway: 'gw-bibliothek' }, town.clock.now());
    await town.clock.advance(SECOND);
    const order = await until('the order has come', () => client.received[1]);
    expect(order[0]).toBe(40);
    client.send(acknowledge(order, RADSEC));
    const settled = await until('it is settled', async () => {
      return (await town.store.getEnd({ gateway: 'gw-bibliothek', sessionId: 'D1' }))?.settled;
    });
    expect(settled.result).toBe('done');
  });

  test('new limits go over it as well', async () => {
    const client = await connect(bibliothek);
    const now = town.clock.now();
    const device = DeviceAddress.parse('02-11-22-33-44-55');
    if (device === undefined) throw new Error('not a device address');
    const { grant } = await town.store.putGrant({
      ...{ site: 'bibliothek', gateway: 'gw-bibliothek', device, termsVersion: '2026-11', language: 'de' },
      ...{ now, expiresAt: now + HOUR, withCredential: false },
    });
    const attributes = [
      integerAttribute('Acct-Status-Type', 1),
      textAttribute('Acct-Session-Id', 'D3'),
      textAttribute('User-Name', 'kq3Vn0cYx2mZ7bL9tR4w_A'),
      textAttribute('Class', grant.id),
    ];
    await client.ask(accountingRequest(1, attributes, RADSEC));
    await town.store.orderLimits({ gateway: 'gw-bibliothek' }, town.clock.now());
    await town.clock.advance(SECOND);
    const order = await until('the order has come', () => client.received[1]);
    expect(order[0]).toBe(43);
    expect(parsePacket(order)?.attributes.integer('Session-Timeout')).toBe(3600);
    client.send(acknowledge(order, RADSEC, 44));
    const settled = await until('it is settled', async () => {
      return (await town.store.getEnd({ gateway: 'gw-bibliothek', sessionId: 'D3' }))?.settled;
    });
    expect(settled.result).toBe('done');
  });
});
