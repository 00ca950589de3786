import type { Grant } from '../../core/grant';
import { DeviceAddress } from '../../core/mac';
import type { SiteRules } from '../../core/rules';
import { KEEP_OUT_AFTER_MS } from '../../core/session-end';
import { HOUR, MINUTE, SECOND } from '../../core/time';
import { type Attribute, integerAttribute, textAttribute } from '../../radius/wire/attributes';
import { parsePacket } from '../../radius/wire/packet';
import { until } from '../support/wait';
import { accountingRequest, BareGateway } from './client';
import { Das, SECRET } from './das';
import { Town } from './town';

const WORD = 'kq3Vn0cYx2mZ7bL9tR4w_A';

describe('orders to gateways', () => {
  let town: Town;
  let das: Das;
  let gateway: BareGateway | undefined;

  beforeEach(async () => {
    [town, das] = await Promise.all([Town.open(), Das.open()]);
    const dynamicAuthorization = { port: das.port };
    const of = (id: string, source: string) => ({
      id,
      site: 'rathaus',
      radius: {
        clients: [source],
        secret: SECRET,
        dynamicAuthorization: { ...dynamicAuthorization, address: '127.0.0.1' },
      },
    });
    const uam = { address: '127.0.0.1' };
    town.useGateways([
      { ...of('gw-uspot', '127.0.0.1'), kind: 'uspot', uam },
      { ...of('gw-chilli', '127.0.0.2'), kind: 'coovachilli', uam },
      { ...of('gw-hostapd', '127.0.0.3'), kind: 'hostapd' },
      { id: 'gw-far', site: 'rathaus', kind: 'uspot', uam, radius: { clients: ['127.0.0.4/31'], secret: SECRET } },
    ]);
  });
  afterEach(async () => {
    gateway?.close();
    gateway = undefined;
    das.close();
    await town.close();
  });

  const SOURCES = {
    'gw-uspot': '127.0.0.1',
    'gw-chilli': '127.0.0.2',
    'gw-hostapd': '127.0.0.3',
    'gw-far': '127.0.0.4',
  };
  type Name = keyof typeof SOURCES;

  async function account(status: number, name: Name, ...more: Attribute[]): Promise<void> {
    gateway ??= await BareGateway.open(SOURCES[name], Buffer.from(SECRET));
    const attributes = [
      integerAttribute('Acct-Status-Type', status),
      textAttribute('Acct-Session-Id', '0A1B'),
      ...more,
    ];
    await gateway.ask(accountingRequest(status, attributes, Buffer.from(SECRET)), town.role.accountingPort);
  }

  /** A session starts, and its end is ordered. */
  async function endSession(name: Name, username: string | undefined = WORD): Promise<void> {
    gateway?.close();
    gateway = await BareGateway.open(SOURCES[name], Buffer.from(SECRET));
    await account(1, name, textAttribute('User-Name', username));
    await town.store.orderEnd({ gateway: name }, town.clock.now());
    await town.clock.advance(SECOND);
  }

  function settled(name: Name): Promise<string> {
    return until('the order is settled', async () => {
      const order = await town.store.getEnd({ gateway: name, sessionId: '0A1B' });
      return order?.settled?.result;
    });
  }

  test.each([
    ['gw-uspot', { 'Acct-Session-Id': '0A1B' }],
    ['gw-chilli', { 'User-Name': WORD, 'Acct-Session-Id': '0A1B' }],
    ['gw-hostapd', { 'Acct-Session-Id': '0A1B', 'Event-Timestamp': expect.anything() }],
  ] as const)('%s gets the attributes that its kind accepts, and no others', async (name, attributes) => {
    await endSession(name);
    expect(await settled(name)).toBe('done');
    expect(das.requests[0]?.[0]).toBe(40);
    expect(das.attributes()).toEqual(attributes);
    expect(await town.metric('radius_dynamic_authorization_total', { kind: 'disconnect', result: 'done' })).toBe(1);
  });

  test('only hostapd gets a request that is signed [RFC 5176 3.4]', async () => {
    await endSession('gw-hostapd');
    await settled('gw-hostapd');
    await endSession('gw-chilli');
    await settled('gw-chilli');
    expect(das.requests.map((request) => request[20] === 80)).toEqual([true, false]);
  });

  test.each([
    [401, 'attribute-refused'],
    [403, 'gateway-mismatch'],
    [406, 'unsupported'],
    [501, 'prohibited'],
    [502, 'not-routable'],
    [503, 'session-unknown'],
    [508, 'refused'],
    [undefined, 'refused'],
  ])('a NAK with Error-Cause %p is settled as %s [RFC 5176 3.5]', async (cause, result) => {
    das.answer = { code: 'Disconnect-NAK', ...(cause !== undefined && { cause }) };
    await endSession('gw-uspot');
    expect(await settled('gw-uspot')).toBe(result);
    expect(town.log).not.toContain(WORD);
  });

  test('without an answer the same octets go out again, and nine in vain are enough [RFC 5080 2.2.1]', async () => {
    das.answer = 'silence';
    await endSession('gw-uspot');
    for (let round = 1; round <= 3; round++) {
      await until('the first has come', () => das.requests.length >= 3 * round - 2);
      await town.clock.advance(SECOND);
      await until('the second has come', () => das.requests.length >= 3 * round - 1);
      await town.clock.advance(2 * SECOND);
      await until('the third has come', () => das.requests.length >= 3 * round);
      await town.clock.advance(3 * SECOND);
      await until('it is written down', async () => {
        const order = await town.store.getEnd({ gateway: 'gw-uspot', sessionId: '0A1B' });
        return order?.settled !== undefined || (order?.dueAt ?? 0) <= town.clock.now() + 5 * SECOND;
      });
      if (round < 3) await town.clock.advance(5 * SECOND);
    }
    expect(await settled('gw-uspot')).toBe('no-answer');
    expect(das.requests).toHaveLength(9);
    expect(new Set(das.requests.map((request) => request.toString('hex'))).size).toBe(3);
  });

  test('an answer under another secret counts as none', async () => {
    das.answer = 'forged';
    await endSession('gw-uspot');
    await until('the request has come', () => das.requests.length === 1);
    das.answer = { code: 'Disconnect-ACK' };
    expect((await town.store.getEnd({ gateway: 'gw-uspot', sessionId: '0A1B' }))?.settled).toBeUndefined();
    await town.clock.advance(SECOND);
    expect(await settled('gw-uspot')).toBe('done');
  });

  test('a gateway of which only a network is known cannot be reached, and the order says so', async () => {
    await endSession('gw-far');
    const result = await until('it is given up', async () => {
      await town.clock.advance(SECOND);
      return (await town.store.getEnd({ gateway: 'gw-far', sessionId: '0A1B' }))?.settled?.result;
    });
    expect(result).toBe('unreachable');
  });

  test('CoovaChilli needs the user name: one that is a device address was never kept', async () => {
    await endSession('gw-chilli', '02-11-22-33-44-55');
    expect(await settled('gw-chilli')).toBe('user-name-unknown');
    expect(das.requests).toEqual([]);
  });

  test('the Stop settles the order before the gateway answers, as CoovaChilli and hostapd send it', async () => {
    das.answer = 'silence';
    await endSession('gw-chilli');
    await until('the request has come', () => das.requests.length === 1);
    await account(2, 'gw-chilli');
    expect(await settled('gw-chilli')).toBe('done');
  });

  test('a device that hostapd lets back in from its cache is thrown out again once that has run out', async () => {
    await endSession('gw-hostapd');
    await settled('gw-hostapd');
    await account(2, 'gw-hostapd', integerAttribute('Acct-Session-Time', 1));
    await town.clock.advance(SECOND);
    await account(1, 'gw-hostapd');
    await town.clock.advance(KEEP_OUT_AFTER_MS - 4 * SECOND);
    expect(das.requests).toHaveLength(1);
    await town.clock.advance(4 * SECOND);
    await until('it was told again', () => das.requests.length === 2);
  });

  describe('new limits', () => {
    const LIMITS = { 'Session-Timeout': 14_400, 'Idle-Timeout': 1800, 'Acct-Interim-Interval': 300 };

    /** A visitor is online for ten minutes, and the limits of the session are ordered anew. */
    async function refresh(name: Name, more: readonly Attribute[] = []): Promise<Grant> {
      gateway?.close();
      gateway = await BareGateway.open(SOURCES[name], Buffer.from(SECRET));
      const device = DeviceAddress.parse('02-11-22-33-44-55');
      if (device === undefined) throw new Error('not a device address');
      const now = town.clock.now();
      const { grant } = await town.store.putGrant({
        ...{ site: 'rathaus', gateway: name, device, termsVersion: '2026-11', language: 'de' },
        ...{ now, expiresAt: now + 4 * HOUR, withCredential: false },
      });
      await account(1, name, textAttribute('User-Name', WORD), textAttribute('Class', grant.id));
      await town.clock.advance(10 * MINUTE);
      await account(3, name, integerAttribute('Acct-Session-Time', 600), ...more);
      await town.store.orderLimits({ gateway: name }, town.clock.now());
      await town.clock.advance(SECOND);
      return grant;
    }

    function changeRules(rules: Partial<SiteRules>): void {
      const { current } = town.config;
      const sites = current.sites.map((site) => ({ ...site, rules: { ...site.rules, ...rules } }));
      town.config.exchange({ ...current, sites });
    }

    const settledLimits = async (name: Name) => ({
      result: await settled(name),
      counted: await town.metric('radius_dynamic_authorization_total', { kind: 'limits', result: 'done' }),
    });

    test('uspot gets the times alone, counted from the beginning of the session', async () => {
      das.answer = { code: 'CoA-ACK' };
      await refresh('gw-uspot');
      expect(await settledLimits('gw-uspot')).toEqual({ result: 'done', counted: 1 });
      expect(das.requests[0]?.[0]).toBe(43);
      expect(das.attributes()).toEqual({ 'Acct-Session-Id': '0A1B', ...LIMITS });
    });

    test('CoovaChilli gets all of them, because it takes away what is left out', async () => {
      changeRules({ maxOctets: 5_000_000_000 });
      das.answer = { code: 'CoA-ACK' };
      // CoovaChilli counts from the side of the visitor; the sum is the same.
      await refresh('gw-chilli', [
        integerAttribute('Acct-Input-Octets', 700),
        integerAttribute('Acct-Output-Octets', 300),
      ]);
      expect(await settledLimits('gw-chilli')).toEqual({ result: 'done', counted: 1 });
      const { 'Vendor-Specific': vendors, ...attributes } = das.attributes();
      expect(attributes).toEqual({ 'User-Name': WORD, 'Acct-Session-Id': '0A1B', ...LIMITS });
      const packet = parsePacket(das.requests[0] ?? Buffer.alloc(0));
      expect(vendors).toBeDefined();
      expect(packet?.attributes.integer('WISPr-Bandwidth-Max-Down')).toBe(20_000_000);
      expect(packet?.attributes.integer('WISPr-Bandwidth-Max-Up')).toBe(5_000_000);
      // What is left, and what the session has carried: it counts from its beginning.
      expect(packet?.attributes.integer('ChilliSpot-Max-Total-Gigawords')).toBe(1);
      expect(packet?.attributes.integer('ChilliSpot-Max-Total-Octets')).toBe(5_000_000_000 - 2 ** 32);
    });

    test('hostapd cannot change limits: its session ends, the grant stays, and it asks anew', async () => {
      const grant = await refresh('gw-hostapd');
      expect(await settled('gw-hostapd')).toBe('done');
      expect(das.requests.map((request) => request[0])).toEqual([40]);
      expect(await town.store.getGrant(grant.id, town.clock.now())).toBeDefined();
    });

    test.each([
      [406, 'unsupported'],
      [401, 'attribute-refused'],
      [503, 'session-unknown'],
      [undefined, 'refused'],
    ])('a NAK with Error-Cause %p is settled as %s, and the session goes on', async (cause, result) => {
      das.answer = { code: 'CoA-NAK', ...(cause !== undefined && { cause }) };
      await refresh('gw-uspot');
      expect(await settled('gw-uspot')).toBe(result);
      expect(das.requests.map((request) => request[0])).toEqual([43]);
    });

    test('an ACK of another kind counts for nothing', async () => {
      das.answer = { code: 'Disconnect-ACK' };
      await refresh('gw-uspot');
      expect(await settled('gw-uspot')).toBe('refused');
    });

    test('what the rules do not allow any more ends instead', async () => {
      changeRules({ maxOctets: 100 });
      await refresh('gw-uspot', [integerAttribute('Acct-Output-Octets', 300)]);
      expect(await settled('gw-uspot')).toBe('done');
      expect(das.requests.map((request) => request[0])).toEqual([40]);
    });

    test('a reload with other limits tells every running session of the site', async () => {
      das.answer = { code: 'CoA-ACK' };
      await refresh('gw-uspot');
      await settled('gw-uspot');
      changeRules({ idleSeconds: 60 });
      await until('the gateway was told', async () => {
        await town.clock.advance(SECOND);
        return das.requests.length > 1;
      });
      expect(das.attributes(1)).toMatchObject({ 'Idle-Timeout': 60 });
      expect(town.log).toContain('site-limits-changed');
    });
  });

  describe('a rule begins', () => {
    const accepted = async (name: Name) => {
      gateway = await BareGateway.open(SOURCES[name], Buffer.from(SECRET));
      await account(1, name, textAttribute('User-Name', WORD));
      await town.clock.advance(2 * SECOND);
      expect(das.requests).toEqual([]);
    };
    const told = () =>
      until('the gateway was told', async () => {
        await town.clock.advance(SECOND);
        return das.requests.length > 0;
      });

    test('an exam ends the sessions of its site within a second', async () => {
      await accepted('gw-uspot');
      await town.store.putExam({ site: 'rathaus', until: town.clock.now() + HOUR });
      await told();
      expect(await settled('gw-uspot')).toBe('done');
      expect(town.log).toContain('"reason":"exam"');
    });

    test('so does a blocking, when its first day comes', async () => {
      await accepted('gw-uspot');
      const { current } = town.config;
      const from = town.clock.now() + MINUTE;
      const blockings = [{ id: 'b', targets: ['example.org'], reason: 'Urteil', from, until: from + HOUR }];
      town.config.exchange({
        ...current,
        sites: current.sites.map((site) => ({ ...site, rules: { ...site.rules, blockings } })),
      });
      await town.clock.advance(MINUTE - SECOND);
      expect(das.requests).toEqual([]);
      await told();
      expect(town.log).toContain('"reason":"blocking"');
    });

    test('and new terms that everybody has to accept', async () => {
      await accepted('gw-uspot');
      const { current } = town.config;
      const validFrom = town.clock.now() + MINUTE;
      const sites = current.sites.map((site) => {
        const terms = [...(site.rules.terms ?? []), { version: '2027-01', validFrom, reaccept: true }];
        return { ...site, rules: { ...site.rules, terms } };
      });
      town.config.exchange({ ...current, sites });
      await town.clock.advance(MINUTE - SECOND);
      expect(das.requests).toEqual([]);
      await told();
      expect(town.log).toContain('"reason":"terms-changed"');
    });
  });

  test('when the hours of a site end, so do its sessions, and not before', async () => {
    // Saturday, 13:00 in Berlin.
    const openingHours = {
      timeZone: 'Europe/Berlin',
      periods: [{ days: ['sa' as const], from: 8 * 60, to: 13 * 60 + 10 }],
    };
    const { current } = town.config;
    const sites = current.sites.map((site) => ({ ...site, rules: { ...site.rules, openingHours } }));
    town.config.exchange({ ...current, sites });
    gateway = await BareGateway.open('127.0.0.1', Buffer.from(SECRET));
    await account(1, 'gw-uspot');
    await town.clock.advance(10 * MINUTE - SECOND);
    expect(das.requests).toEqual([]);
    await until('the gateway was told', async () => {
      await town.clock.advance(SECOND);
      return das.requests.length > 0;
    });
    expect(await settled('gw-uspot')).toBe('done');
    expect(town.log).toContain('site-sessions-ended');
  });
});
