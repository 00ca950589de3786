import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeviceAddress } from '../../core/mac';
import { REJECT, type RejectReason } from '../../core/reasons';
import { HOUR, SECOND } from '../../core/time';
import { type Attribute, integerAttribute, textAttribute } from '../../radius/wire/attributes';
import { CODE, encodePacket, type Packet, parsePacket } from '../../radius/wire/packet';
import { packageRoot } from '../../runtime/package-root';
import { describeWith } from '../support/packages';
import { accountingRequest, BareGateway, papRequest, signedRequest } from './client';
import { DEVICE, GATEWAYS, Town, townConfig } from './town';

const { source: SOURCE, secret: SECRET_TEXT } = GATEWAYS['gw-rathaus'];
const SECRET = Buffer.from(SECRET_TEXT);
const STRANGER = '02-99-99-99-99-99';

const calling = (device: string): Attribute => textAttribute('Calling-Station-Id', device);
const named = (name: string): Attribute => textAttribute('User-Name', name);
/** Types of the attributes of an answer, in order. */
const types = (packet: Packet | undefined): number[] => [...(packet?.attributes ?? [])].map(({ type }) => type);

let town: Town;
let gateway: BareGateway;
let identifier = 0;
const nextIdentifier = (): number => {
  identifier = (identifier + 1) % 250;
  return identifier;
};

beforeAll(async () => {
  town = await Town.open();
  gateway = await BareGateway.open(SOURCE, SECRET);
  await town.credential('gw-rathaus');
});
afterAll(async () => {
  gateway.close();
  await town.close();
});

type Gateways = readonly Readonly<Record<string, unknown>>[];

/** Gives the running server other gateways, as a reload does. */
function configure(gateways: Gateways, rules: Readonly<Record<string, unknown>> = {}): void {
  const sites = ['rathaus', 'bibliothek'].map((id) => ({ id, name: id, kind: 'library', rules }));
  town.config.exchange(townConfig(town.config.current.store.path, { gateways, sites }));
}

/** A gateway at the first test address. */
function one(kind: string, radius: Readonly<Record<string, unknown>>, id = 'gw-rathaus'): Gateways[number] {
  const uam = kind === 'hostapd' ? {} : { uam: { address: '127.0.0.1' } };
  return { id, kind, site: 'rathaus', ...uam, radius: { clients: [SOURCE], secret: SECRET_TEXT, ...radius } };
}

const ask = async (request: Buffer): Promise<Packet | undefined> =>
  parsePacket(await gateway.ask(request, town.role.authenticationPort));

/** Asks for a login by address. */
const askFor = (name: string, device = name, password = name, ...more: Attribute[]): Promise<Packet | undefined> =>
  ask(papRequest(nextIdentifier(), password, [named(name), calling(device), ...more], SECRET));

describe('a login by address', () => {
  const lines = readFileSync(join(packageRoot, 'test/fixtures/radius/mac-logins.txt'), 'utf8').split('\n');
  const logins = lines.flatMap((line, i) => {
    if (line === '' || line.startsWith('#')) return [];
    const [kind = '', octets = ''] = line.split(' ');
    return [{ what: lines[i - 1]?.slice(2) ?? '', kind, request: Buffer.from(octets, 'hex') }];
  });

  test.each(logins)('$what: a device with a grant gets in, under another name', async ({ kind, request }) => {
    const [software = '', macPassword] = kind.split('/');
    const allowed = software === 'hostapd' ? {} : { macAuthentication: true, ...(macPassword && { macPassword }) };
    configure([one(software, allowed)]);
    await town.clock.advance(31 * SECOND);
    const reply = await ask(request);
    expect(reply?.code).toBe(CODE.accessAccept);
    const grantId = (await town.store.findGrant('rathaus', device(), town.clock.now()))?.id;
    // Signature first; limits; the grant as Class, and as the name that accounting uses instead of the address.
    expect(types(reply)).toEqual([80, 27, 28, 85, 25, 1]);
    expect(reply?.attributes.text('Class')).toBe(grantId);
    expect(reply?.attributes.text('User-Name')).toBe(grantId);
    const left = reply?.attributes.integer('Session-Timeout') ?? 0;
    expect(left).toBeLessThanOrEqual((4 * HOUR) / SECOND);

    // The same octets where the gateway may not ask so.
    configure([one('uspot', {})]);
    await town.clock.advance(31 * SECOND);
    expect((await ask(request))?.attributes.text('Reply-Message')).toBe(REJECT['mac-authentication-off']);
  });

  const device = (): DeviceAddress => {
    const address = DeviceAddress.parse(DEVICE);
    if (address === undefined) throw new Error('not a device address');
    return address;
  };

  test('a device that comes again is answered without the store, until its grant is used or ended', async () => {
    configure([one('hostapd', {})], { maxMegabytes: 100 });
    await town.credential('gw-rathaus');
    const grantId = (await askFor(DEVICE))?.attributes.text('Class') ?? '';
    const asked = jest.spyOn(town.store, 'findGrant');
    const left = async () => (await askFor(DEVICE))?.attributes.integer('ChilliSpot-Max-Total-Octets');
    const before = (await left()) ?? 0;
    expect(asked).not.toHaveBeenCalled();

    const now = town.clock.now();
    const report = { gateway: 'gw-rathaus', site: 'rathaus', sessionId: 'again', eventAt: now, receivedAt: now };
    await town.store.applyAccounting({ ...report, kind: 'start', grantId, downloadOctets: 1_000 });
    expect(await left()).toBe(before - 1_000);
    await town.store.endGrant(grantId, now);
    expect((await askFor(DEVICE))?.attributes.text('Reply-Message')).toBe(REJECT['device-unknown']);
    expect(asked).toHaveBeenCalledTimes(2);
    // That it holds none is not kept.
    await town.credential('gw-rathaus');
    expect((await askFor(DEVICE))?.code).toBe(CODE.accessAccept);
    asked.mockRestore();
  });

  test.each<[RejectReason, string, Readonly<Record<string, unknown>>, () => Promise<Packet | undefined>]>([
    ['device-unknown', 'a stranger', {}, () => askFor(STRANGER)],
    ['device-mismatch', 'the name is another device', {}, () => askFor(DEVICE, STRANGER)],
    ['device-missing', 'no device is named', {}, () => askFor(DEVICE, 'none')],
    ['device-missing', 'CoovaChilli’s "no device"', {}, () => askFor(DEVICE, '00-00-00-00-00-00')],
    ['password-wrong', 'another password', {}, () => askFor(DEVICE, DEVICE, 'other')],
    [
      'password-wrong',
      'the address where a password is set',
      { macPassword: 'let-them-in-again' },
      () => askFor(DEVICE),
    ],
    ['mac-authentication-off', 'not switched on', { macAuthentication: false }, () => askFor(DEVICE)],
    [
      'mac-authentication-off',
      'off, and nobody learns of a grant',
      { macAuthentication: false },
      () => askFor(STRANGER),
    ],
  ])('is rejected for the reason %s: %s', async (reason, _, radius, login) => {
    configure([one('uspot', { macAuthentication: true, ...radius })]);
    const reply = await login();
    expect(reply?.code).toBe(CODE.accessReject);
    expect(reply?.attributes.text('Reply-Message')).toBe(REJECT[reason]);
  });

  test('counts only at the site of the grant', async () => {
    configure([{ ...one('uspot', { macAuthentication: true }), site: 'bibliothek' }]);
    expect((await askFor(DEVICE))?.attributes.text('Reply-Message')).toBe(REJECT['device-unknown']);
  });

  test('credentials work as before where devices may log in by address', async () => {
    configure([one('uspot', { macAuthentication: true })]);
    const { username, password } = await town.credential('gw-rathaus');
    expect(types(await askFor(username, DEVICE, password))).toEqual([80, 27, 28, 85, 25]);
  });

  test.each([
    ['a VLAN [RFC 3580 3.31]', { vlan: 10 }, [80, 27, 1, 64, 65, 81], 60],
    ['a filter [RFC 2865 5.11]', { filter: 'portal' }, [80, 27, 1, 11], 60],
    ['both, for as long as configured', { vlan: 4094, filter: 'portal', seconds: 90 }, [80, 27, 1, 64, 65, 81, 11], 90],
  ])('a stranger behind access points of hostapd gets %s', async (_, unknownDevices, attributes, seconds) => {
    configure([one('hostapd', { unknownDevices })]);
    const reply = await askFor(STRANGER);
    expect(reply?.code).toBe(CODE.accessAccept);
    expect(types(reply)).toEqual(attributes);
    expect(reply?.attributes.integer('Session-Timeout')).toBe(seconds);
    expect(reply?.attributes.text('User-Name')).toMatch(/^[\w-]{22}$/);
    if ('vlan' in unknownDevices) {
      expect(reply?.attributes.integer('Tunnel-Type')).toBe(13);
      expect(reply?.attributes.integer('Tunnel-Medium-Type')).toBe(6);
      expect(reply?.attributes.text('Tunnel-Private-Group-Id')).toBe(String(unknownDevices.vlan));
    }
    // The names differ, so that nobody can follow a stranger by them.
    const again = await askFor(STRANGER);
    expect(again?.attributes.text('User-Name')).not.toBe(reply?.attributes.text('User-Name'));
    // A device with a grant is not put there, and a wrong password is no stranger.
    expect(types(await askFor(DEVICE))).toEqual([80, 27, 28, 85, 25, 1]);
    expect((await askFor(STRANGER, STRANGER, 'other'))?.code).toBe(CODE.accessReject);
  });

  test('accounting of hostapd, which returns no Class, counts for the grant by the name that the answer gave', async () => {
    configure([one('hostapd', {})]);
    const reply = await askFor(DEVICE);
    const record = [
      integerAttribute('Acct-Status-Type', 2),
      textAttribute('Acct-Session-Id', '0123456789ABCDEF'),
      named(reply?.attributes.text('User-Name') ?? ''),
      calling(DEVICE),
      integerAttribute('Acct-Input-Octets', 1000),
      integerAttribute('Acct-Output-Octets', 50_000),
    ];
    await gateway.ask(accountingRequest(254, record, SECRET), town.role.accountingPort);
    expect((await town.store.findGrant('rathaus', device(), town.clock.now()))?.usedOctets).toBe(51_000);
    // A gateway that kept the address as the name: it is not stored.
    const byAddress = record.map((attribute) => (attribute.type === 1 ? named('021122334455') : attribute));
    const other = byAddress.map((attribute) =>
      attribute.type === 44 ? textAttribute('Acct-Session-Id', 'other') : attribute,
    );
    await gateway.ask(accountingRequest(255, other, SECRET), town.role.accountingPort);
    expect(JSON.stringify(await town.store.getSession('gw-rathaus', 'other'))).not.toContain('021122334455');
  });

  test('neither log nor metrics know the devices', async () => {
    const texts = town.log + (await town.registry.metrics());
    for (const address of [DEVICE, STRANGER]) {
      for (const form of [address, address.replaceAll('-', ':'), address.replaceAll('-', '')]) {
        expect(texts).not.toContain(form);
      }
    }
  });
});

describe('gateways behind one address', () => {
  const inBus = (id: string, site: string) => ({
    ...one('uspot', { nasIdentifier: id, secret: `the-own-secret-of-${id}`, macAuthentication: true }, id),
    site,
  });
  const status = (nasIdentifier: string | undefined, secret: string): Buffer =>
    signedRequest(
      CODE.statusServer,
      nextIdentifier(),
      nasIdentifier === undefined ? [] : [textAttribute('NAS-Identifier', nasIdentifier)],
      Buffer.from(secret),
    );

  test('are told apart by NAS-Identifier; each has its own secret and site [RFC 2865 5.32]', async () => {
    configure([inBus('bus-1', 'rathaus'), inBus('bus-2', 'bibliothek'), one('uspot', {})]);
    const dropped = (reason: string) => town.metric('radius_dropped_total', { reason });
    const before = await dropped('bad-authenticator');
    for (const id of ['bus-1', 'bus-2']) {
      expect((await ask(status(id, `the-own-secret-of-${id}`)))?.code).toBe(CODE.accessAccept);
    }
    // Another one's name, or a name nobody has, with a right secret of somebody.
    gateway.send(status('bus-1', 'the-own-secret-of-bus-2'), town.role.authenticationPort);
    gateway.send(status('bus-3', 'the-own-secret-of-bus-2'), town.role.authenticationPort);
    gateway.send(status(undefined, 'the-own-secret-of-bus-1'), town.role.authenticationPort);
    expect(await gateway.settle(town.role.authenticationPort)).toEqual([]);
    expect(await dropped('bad-authenticator')).toBe(before + 3);

    const login = async (id: string) => {
      const attributes = [named(DEVICE), calling(DEVICE), textAttribute('NAS-Identifier', id)];
      const reply = await ask(papRequest(251, DEVICE, attributes, Buffer.from(`the-own-secret-of-${id}`)));
      return reply?.code;
    };
    expect(await login('bus-1')).toBe(CODE.accessAccept);
    expect(await login('bus-2')).toBe(CODE.accessReject);
  });

  test('a name that nobody has, where everybody has one, is unknown: no answer, but a count', async () => {
    const other = { ...one('uspot', { clients: ['127.0.0.2'] }, 'other'), site: 'rathaus' };
    configure([inBus('bus-1', 'rathaus'), other]);
    const before = await town.metric('radius_dropped_total', { reason: 'unknown-nas' });
    gateway.send(status('bus-9', 'the-own-secret-of-bus-1'), town.role.authenticationPort);
    gateway.send(status(undefined, 'the-own-secret-of-bus-1'), town.role.authenticationPort);
    gateway.send(Buffer.from('not a packet'), town.role.authenticationPort);
    expect((await ask(status('bus-1', 'the-own-secret-of-bus-1')))?.code).toBe(CODE.accessAccept);
    expect(await town.metric('radius_dropped_total', { reason: 'unknown-nas' })).toBe(before + 3);
  });
});

describeWith('radclient', 'a secret that is being replaced', () => {
  const FORMER = 'the-one-from-last-year';

  test('verifies beside the new one, the answer fits it, and its use is counted', async () => {
    configure([one('uspot', { formerSecret: FORMER, macAuthentication: true })]);
    expect(await town.registry.metrics()).toContain('radius_former_secret_total{gateway="gw-rathaus"} 0');
    const lines = [
      `User-Name = "${DEVICE}"`,
      `User-Password = "${DEVICE}"`,
      `Calling-Station-Id = "${DEVICE}"`,
      'Message-Authenticator = 0x00',
    ];
    const record = (id: string) => ['Acct-Status-Type = Start', `Acct-Session-Id = "${id}"`];
    expect(await town.radclient('auth', lines)).toContain('Received Access-Accept');
    expect(await town.radclient('acct', record('new'))).toContain('Received Accounting-Response');
    expect(await town.metric('radius_former_secret_total', { gateway: 'gw-rathaus' })).toBe(0);
    // radclient verifies the answer with the secret it was given.
    expect(await town.radclient('auth', lines, { secret: FORMER })).toContain('Received Access-Accept');
    expect(await town.radclient('acct', record('old'), { secret: FORMER })).toContain('Received Accounting-Response');
    expect(await town.metric('radius_former_secret_total', { gateway: 'gw-rathaus' })).toBe(2);
    expect(town.log).toContain('"event":"radius-former-secret"');
    expect(await town.radclient('auth', lines, { secret: 'neither-of-the-two', patience: 0.3 })).toContain('No reply');

    configure([one('uspot', { macAuthentication: true })]);
    expect(await town.radclient('auth', lines, { secret: FORMER, patience: 0.3 })).toContain('No reply');
  });
});

describe('requireMessageAuthenticator: learn', () => {
  test('takes unsigned requests until the first signed one, and none after it, not even after a reload', async () => {
    const learning = [one('uspot', { requireMessageAuthenticator: 'learn', macAuthentication: true }, 'gw-lernt')];
    configure(learning);
    const unsigned = (): Buffer => {
      const signed = papRequest(nextIdentifier(), DEVICE, [named(DEVICE), calling(DEVICE)], SECRET);
      const attributes = [...(parsePacket(signed)?.attributes ?? [])].filter(({ type }) => type !== 80);
      return encodePacket(CODE.accessRequest, identifier, signed.subarray(4, 20), attributes);
    };
    expect((await ask(unsigned()))?.code).toBe(CODE.accessAccept);
    // Signed, but not with the secret: nothing is learned from that. Nor from accounting, which nobody signs.
    gateway.send(papRequest(252, DEVICE, [named(DEVICE)], Buffer.from('wrong')), town.role.authenticationPort);
    const start = [integerAttribute('Acct-Status-Type', 1), textAttribute('Acct-Session-Id', 'unsigned')];
    await gateway.ask(accountingRequest(253, start, SECRET), town.role.accountingPort);
    expect((await ask(unsigned()))?.code).toBe(CODE.accessAccept);

    expect((await askFor(DEVICE))?.code).toBe(CODE.accessAccept);
    expect(town.log).toContain('"event":"radius-gateway-signs"');
    configure(learning);
    const before = await town.metric('radius_dropped_total', { reason: 'message-authenticator-missing' });
    gateway.send(unsigned(), town.role.authenticationPort);
    expect(await gateway.settle(town.role.authenticationPort)).toEqual([]);
    expect(await town.metric('radius_dropped_total', { reason: 'message-authenticator-missing' })).toBe(before + 1);
  });
});
