import { stat } from 'node:fs';
import { inspect } from 'node:util';
import type { Grant } from '../../core/grant';
import { DeviceAddress } from '../../core/mac';
import { REJECT } from '../../core/reasons';
import { HOUR, SECOND } from '../../core/time';
import { Impatient, StoreTooSlow } from '../../radius/impatient';
import { KnownDevices } from '../../radius/known-devices';
import { integerAttribute, textAttribute } from '../../radius/wire/attributes';
import { CODE, type Packet, parsePacket } from '../../radius/wire/packet';
import { ManualClock, systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { until } from '../support/wait';
import { accountingRequest, BareGateway, papRequest } from './client';
import { type Condition, StoreSwitch } from './faulty-store';
import { DEVICE, GATEWAYS, NOW, Town, townConfig } from './town';

const { source: SOURCE, secret: SECRET_TEXT } = GATEWAYS['gw-rathaus'];
const SECRET = Buffer.from(SECRET_TEXT);
const STRANGER = '02-99-99-99-99-99';

function addressOf(text: string): DeviceAddress {
  const address = DeviceAddress.parse(text);
  if (address === undefined) throw new Error('not a device address');
  return address;
}

describe('while the store does not answer', () => {
  let town: Town;
  let gateway: BareGateway;
  let identifier = 0;
  const store = new StoreSwitch();

  beforeEach(async () => {
    store.condition = 'well';
    town = await Town.open(store.wrap);
    gateway = await BareGateway.open(SOURCE, SECRET);
  });
  afterEach(async () => {
    gateway.close();
    // Whatever still waits for a hanging store is given up; otherwise a test that fails would never end.
    await town.clock.advance(SECOND);
    await town.close();
  });

  /** One site with this rule; one gateway where devices log in by address. */
  function configure(whenStoreFails: string, unknownDevices: unknown = 'reject'): void {
    const site = { id: 'rathaus', name: 'Rathaus', kind: 'library', rules: { whenStoreFails } };
    const radius = { clients: [SOURCE], secret: SECRET_TEXT, unknownDevices };
    const config = townConfig(town.config.current.store.path, {
      sites: [site],
      gateways: [{ id: 'gw-rathaus', kind: 'hostapd', site: 'rathaus', radius }],
    });
    town.config.exchange(config);
  }

  function request(username: string, password: string, device: string): Buffer {
    identifier += 1;
    const attributes = [textAttribute('User-Name', username), textAttribute('Calling-Station-Id', device)];
    return papRequest(identifier, password, attributes, SECRET);
  }

  /** Asks; where the store hangs, 150 ms pass before there is an answer. */
  async function ask(octets: Buffer): Promise<Packet | undefined> {
    const before = gateway.replies.length;
    const asked = store.asked;
    gateway.send(octets, town.role.authenticationPort);
    if (store.condition === 'hanging') {
      // Asked of the store, or answered without asking it.
      await until('the request is there', () => store.asked > asked || gateway.replies.length > before);
      await town.clock.advance(150);
    }
    await until('an answer', () => gateway.replies.length > before);
    return parsePacket(gateway.replies.at(-1) ?? Buffer.alloc(0));
  }

  const askFor = (device: string): Promise<Packet | undefined> => ask(request(device, device, device));

  describe.each<Condition>(['failing', 'hanging'])('because it is %s', (condition) => {
    test.each([
      ['grace', 'accepted for the rest of its grant', 14_400, 'rejected', undefined],
      ['open', 'accepted for the rest of its grant', 14_400, 'accepted for ten minutes', 600],
      ['closed', 'rejected', undefined, 'rejected', undefined],
    ])('%s: a device known to hold a grant is %s, a stranger %s', async (rule, _, knownFor, __, strangerFor) => {
      configure(rule);
      const { username, password } = await town.credential('gw-rathaus');
      expect((await askFor(DEVICE))?.code).toBe(CODE.accessAccept);

      store.condition = condition;
      for (const [login, seconds] of [
        [() => askFor(DEVICE), knownFor],
        [() => ask(request(username, password, DEVICE)), knownFor],
        [() => askFor(STRANGER), strangerFor],
      ] as const) {
        const reply = await login();
        expect(reply?.code).toBe(seconds === undefined ? CODE.accessReject : CODE.accessAccept);
        // The clock went on by 150 ms for each request that had to wait.
        const told = reply?.attributes.integer('Session-Timeout');
        if (seconds !== undefined) expect([seconds, seconds - 1]).toContain(told);
        else expect(reply?.attributes.text('Reply-Message')).toBe(REJECT['store-down']);
        expect(reply?.attributes.text('User-Name') ?? '').not.toContain('02-');
      }
      const counted = (result: string) => town.metric('radius_without_store_total', { site: 'rathaus', result });
      const accepted = [knownFor, knownFor, strangerFor].filter((seconds) => seconds !== undefined).length;
      expect([await counted('accepted'), await counted('rejected')]).toEqual([accepted, 3 - accepted]);
      expect(town.log.match(/"event":"radius-store-failed"/g)).toHaveLength(1);

      store.condition = 'well';
      await town.clock.advance(SECOND);
      expect((await askFor(STRANGER))?.attributes.text('Reply-Message')).toBe(REJECT['device-unknown']);
      expect((await ask(request(username, password, DEVICE)))?.code).toBe(CODE.accessAccept);
    });

    test('a wrong password stays wrong, even where everybody may', async () => {
      configure('open');
      store.condition = condition;
      const octets = request(DEVICE, 'other', DEVICE);
      expect(parsePacket(await gateway.ask(octets, town.role.authenticationPort))?.code).toBe(CODE.accessReject);
    });

    test('strangers are sent to the portal as ever, unless the site is closed', async () => {
      configure('grace', { vlan: 10 });
      store.condition = condition;
      expect((await askFor(STRANGER))?.attributes.text('Tunnel-Private-Group-Id')).toBe('10');
      configure('closed', { vlan: 10 });
      expect((await askFor(STRANGER))?.code).toBe(CODE.accessReject);
    });

    test('a grant that ran out, and one that the store said is over, are known no more', async () => {
      configure('grace');
      await town.credential('gw-rathaus');
      await askFor(DEVICE);
      const grant = await town.store.findGrant('rathaus', addressOf(DEVICE), town.clock.now());
      await town.store.endGrant(grant?.id ?? '', town.clock.now());
      expect((await askFor(DEVICE))?.code).toBe(CODE.accessReject);
      store.condition = condition;
      expect((await askFor(DEVICE))?.code).toBe(CODE.accessReject);

      store.condition = 'well';
      await town.clock.advance(SECOND);
      await town.credential('gw-rathaus');
      await askFor(DEVICE);
      await town.clock.advance(4 * HOUR);
      store.condition = condition;
      expect((await askFor(DEVICE))?.code).toBe(CODE.accessReject);
    });
  });

  test('a store that hangs is asked once a second and delays nobody else; when it answers again all is as before', async () => {
    configure('open');
    await town.credential('gw-rathaus');
    store.condition = 'hanging';
    await askFor(DEVICE);
    const asked = store.asked;
    const before = gateway.replies.length;
    for (let i = 0; i < 50; i++) gateway.send(request(STRANGER, STRANGER, STRANGER), town.role.authenticationPort);
    // No time passes at all.
    await until('50 answers', () => gateway.replies.length === before + 50);
    expect(store.asked).toBe(asked);
    await town.clock.advance(SECOND);
    store.condition = 'well';
    expect((await askFor(STRANGER))?.code).toBe(CODE.accessReject);
    expect((await askFor(DEVICE))?.attributes.integer('Session-Timeout')).toBeGreaterThan(14_000);
  });

  test('accounting gets no answer, and the receive loop goes on', async () => {
    configure('grace');
    store.condition = 'hanging';
    const record = [integerAttribute('Acct-Status-Type', 1), textAttribute('Acct-Session-Id', 'lost')];
    for (let i = 0; i < 100; i++) gateway.send(accountingRequest(i, record, SECRET), town.role.accountingPort);
    expect(await gateway.settle(town.role.accountingPort)).toEqual([]);
    store.condition = 'failing';
    gateway.send(accountingRequest(200, record, SECRET), town.role.accountingPort);
    expect(await gateway.settle(town.role.accountingPort)).toEqual([]);
    expect(await town.metric('radius_dropped_total', { reason: 'store-failed' })).toBe(1);
    const stopped = town.role.stop();
    await until('it stops', async () => {
      await town.clock.advance(2 * SECOND);
      return town.role.notReady() !== undefined;
    });
    await town.clock.advance(2 * SECOND);
    await stopped;
  });
});

describe('patience with the store', () => {
  test('a store that hangs is given up within 200 ms of real time', async () => {
    // The timers of the system's clock keep nothing alive; this one does.
    const keepAlive = setTimeout(() => {}, 60_000);
    let best = Number.POSITIVE_INFINITY;
    // What else runs on the machine may delay one attempt, not each.
    for (let attempt = 0; attempt < 50 && best >= 200; attempt++) {
      const began = systemClock.monotonic();
      await expect(new Impatient(systemClock).ask(() => new Promise(() => {}))).rejects.toThrow(StoreTooSlow);
      best = Math.min(best, systemClock.monotonic() - began);
    }
    clearTimeout(keepAlive);
    expect(best).toBeLessThan(200);
  });

  test('an answer that lies there counts also if this process was busy until the time for it was over', async () => {
    const answer = () => new Promise<string>((resolve) => stat(__filename, () => resolve('there')));
    // Behind this turn of the event loop the timers come first, then what has been answered.
    await new Promise((resolve) => setImmediate(resolve));
    const asked = new Impatient(systemClock).ask(answer);
    const until = systemClock.monotonic() + 300;
    while (systemClock.monotonic() < until);
    expect(await asked).toBe('there');
  });

  test('an answer that comes too late is not lost on the next: the store is asked again at once', async () => {
    const clock = new ManualClock(NOW);
    const impatient = new Impatient(clock);
    let answer = (_: string): void => {};
    const late = impatient.ask(
      () =>
        new Promise<string>((resolve) => {
          answer = resolve;
        }),
    );
    await Promise.all([expect(late).rejects.toThrow(StoreTooSlow), clock.advance(150)]);
    await expect(impatient.ask(() => 'well')).rejects.toThrow(StoreTooSlow);
    answer('well');
    await clock.advance(0);
    expect(await impatient.ask(() => Promise.resolve('well'))).toBe('well');
    expect(impatient.ask(() => 'at once')).toBe('at once');
  });
});

describe('the devices known to hold a grant', () => {
  const grant: Grant = {
    id: 'grant',
    site: 'rathaus',
    gateway: 'gw',
    termsVersion: '2026-11',
    acceptedAt: NOW,
    expiresAt: NOW + HOUR,
    usedOctets: 0,
  };
  const nth = (n: number): DeviceAddress => addressOf(`02${n.toString(16).padStart(10, '0')}`);
  const known = { grant, version: undefined };

  test('are bounded: who was not asked for longest goes first', () => {
    const devices = new KnownDevices(systemRandom, 100);
    for (let n = 0; n < 1000; n++) {
      devices.remember(devices.nameOf('rathaus', nth(n)), known, NOW);
      // One that comes again and again.
      if (n % 40 === 0) devices.remember(devices.nameOf('rathaus', nth(0)), known, NOW);
      expect(devices.size).toBeLessThanOrEqual(100);
    }
    const there = (n: number): boolean => devices.find(devices.nameOf('rathaus', nth(n)), NOW) !== undefined;
    expect([there(0), there(1), there(899), there(952), there(999)]).toEqual([true, false, false, true, true]);
  });

  test('go with their grants, and are known at their site only', () => {
    const devices = new KnownDevices(systemRandom, 10);
    for (let n = 0; n < 10; n++) devices.remember(devices.nameOf('rathaus', nth(n)), known, NOW);
    expect(devices.find(devices.nameOf('bibliothek', nth(9)), NOW)).toBeUndefined();
    expect(devices.find(devices.nameOf('rathaus', nth(9)), NOW + HOUR)).toBeUndefined();
    expect(devices.size).toBe(10);
    const longer = { grant: { ...grant, expiresAt: NOW + 2 * HOUR }, version: undefined };
    devices.remember(devices.nameOf('rathaus', nth(99)), longer, NOW + HOUR);
    expect(devices.size).toBe(1);
  });

  test('are kept under a hash that another process would not have: no address can be read or tried', () => {
    const devices = new KnownDevices(systemRandom);
    devices.remember(devices.nameOf('rathaus', addressOf(DEVICE)), known, NOW);
    expect(inspect(devices, { depth: 9, showHidden: true })).not.toMatch(/02.?11.?22.?33.?44.?55/);
  });
});
