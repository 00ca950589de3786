import { inspect } from 'node:util';
import fc from 'fast-check';
import { decide } from '../../core/decide';
import { errnoOf, OperatorError } from '../../core/errors';
import { type Grant, isLive } from '../../core/grant';
import { DeviceAddress } from '../../core/mac';
import { octetsFrom, splitOctets } from '../../core/octets';
import { keyIsDead, keyScope } from '../../core/pseudonym';
import { DROP, MISS, REJECT, VISIT_REFUSED } from '../../core/reasons';
import type { SiteRules } from '../../core/rules';
import { termsInForce } from '../../core/terms';
import { DAY, HOUR, localDate, MINUTE, startOfHour } from '../../core/time';

const NOW = Date.UTC(2026, 10, 21, 12);
const BERLIN = 'Europe/Berlin';

const grant: Grant = {
  id: 'grant',
  site: 'rathaus',
  gateway: 'gw',
  termsVersion: '2026-11',
  acceptedAt: NOW,
  expiresAt: NOW + HOUR,
  usedOctets: 0,
};
const rules: SiteRules = { sessionSeconds: 3600, idleSeconds: 900, whenStoreFails: 'grace' };

describe('deciding whether a device may be online', () => {
  const accepted = { sessionTimeoutSeconds: 3600, idleTimeoutSeconds: 900 };

  test.each<[string, Partial<Grant>, Partial<SiteRules>, number, unknown]>([
    ['a fresh grant gets its whole time', {}, {}, NOW, accepted],
    ['what is left is rounded down', {}, {}, NOW + 1, { ...accepted, sessionTimeoutSeconds: 3599 }],
    ['the last whole second counts', {}, {}, NOW + HOUR - 1000, { ...accepted, sessionTimeoutSeconds: 1 }],
    ['less than a second is nothing', {}, {}, NOW + HOUR - 999, 'grant-expired'],
    ['an expired grant is refused', {}, {}, NOW + HOUR, 'grant-expired'],
    [
      'rates are passed on',
      {},
      { downBitsPerSecond: 8e6, upBitsPerSecond: 2e6 },
      NOW,
      { ...accepted, downBitsPerSecond: 8e6, upBitsPerSecond: 2e6 },
    ],
    [
      'the volume that is left is named',
      { usedOctets: 300 },
      { maxOctets: 1000 },
      NOW,
      { ...accepted, remainingOctets: 700 },
    ],
    ['a used-up volume is refused', { usedOctets: 1000 }, { maxOctets: 1000 }, NOW, 'octets-used-up'],
    ['more than the volume is refused', { usedOctets: 1500 }, { maxOctets: 1000 }, NOW, 'octets-used-up'],
    ['without a limit any volume is fine', { usedOctets: 1e15 }, {}, NOW, accepted],
  ])('%s', (_, changed, ruled, now, expected) => {
    const decision = decide({ ...grant, ...changed }, { ...rules, ...ruled }, now);
    expect(decision).toEqual(
      typeof expected === 'string' ? { accept: false, reason: expected } : { accept: true, acceptance: expected },
    );
  });

  test('nobody is ever online after the end of the grant, nor past the volume', () => {
    fc.assert(
      fc.property(
        fc.nat(2 * HOUR),
        fc.nat(2000),
        fc.option(fc.nat(1000), { nil: undefined }),
        (later, usedOctets, maxOctets) => {
          const now = NOW + later;
          const limits = maxOctets === undefined ? rules : { ...rules, maxOctets };
          const decision = decide({ ...grant, usedOctets }, limits, now);
          if (!decision.accept) return;
          const { sessionTimeoutSeconds, remainingOctets } = decision.acceptance;
          expect(now + sessionTimeoutSeconds * 1000).toBeLessThanOrEqual(grant.expiresAt);
          expect(sessionTimeoutSeconds).toBeGreaterThan(0);
          if (maxOctets !== undefined) expect(usedOctets + (remainingOctets ?? 0)).toBe(maxOctets);
        },
      ),
    );
  });

  test('a grant is live up to its end and not at it', () => {
    expect(isLive(grant, grant.expiresAt - 1)).toBe(true);
    expect(isLive(grant, grant.expiresAt)).toBe(false);
  });
});

describe('octet counters', () => {
  test.each([
    [0, 0, 0],
    [4294967295, 0, 4294967295],
    [0, 1, 4294967296],
    [5, 3, 12884901893],
    [4294967295, 4294967295, Number.MAX_SAFE_INTEGER],
  ])('%d and %d wraps are %d [RFC 2869 5.1]', (low, gigawords, octets) => {
    expect(octetsFrom(low, gigawords)).toBe(octets);
  });

  test('splitting is the reverse of joining', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (octets) => {
        const { low, gigawords } = splitOctets(octets);
        expect(low).toBeLessThan(2 ** 32);
        expect(octetsFrom(low, gigawords)).toBe(octets);
      }),
    );
  });

  test('they never fall while a gateway counts on', () => {
    const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(uint32, uint32, uint32, (low, gigawords, more) => {
        const next = octetsFrom(low, gigawords) + more;
        expect(next).toBeGreaterThanOrEqual(octetsFrom(low, gigawords));
      }),
    );
  });
});

describe('a device address', () => {
  const parse = (text: string) => DeviceAddress.parse(text)?.reveal();
  const octets = Uint8Array.of(0x02, 0xaa, 0xbb, 0x33, 0x44, 0x55);

  test.each(['02:aa:bb:33:44:55', '02-AA-BB-33-44-55', '02aabb334455', '02aa.bb33.4455', '02AABB334455'])(
    '%s is read',
    (text) => {
      expect(parse(text)).toEqual(octets);
    },
  );

  test.each([
    ['nothing', ''],
    ['mixed separators', '02:aa-bb:33:44:55'],
    ['too short', '02:aa:bb:33:44'],
    ['too long', '02:aa:bb:33:44:55:66'],
    ['no hexadecimal', '02:aa:bb:33:44:5g'],
    ['an SSID behind it', '02-AA-BB-33-44-55:SSID'],
    ['a line end behind it', '02:aa:bb:33:44:55\n'],
    ['a group address', '01:00:5e:00:00:01'],
    ['broadcast', 'ff:ff:ff:ff:ff:ff'],
    ['all zeroes, CoovaChilli’s "no device"', '00-00-00-00-00-00'],
  ])('%s is none', (_, text) => {
    expect(DeviceAddress.parse(text)).toBeUndefined();
  });

  test('every form of the same address is the same device', () => {
    const address = fc
      .uint8Array({ minLength: 6, maxLength: 6 })
      .filter((a) => ((a[0] ?? 0) & 1) === 0 && a.some((o) => o > 0));
    fc.assert(
      fc.property(address, fc.boolean(), fc.constantFrom(':', '-', ''), (bytes, upper, separator) => {
        const text = [...bytes].map((o) => o.toString(16).padStart(2, '0')).join(separator);
        const parsed = DeviceAddress.parse(upper ? text.toUpperCase() : text);
        expect(parsed?.reveal()).toEqual(bytes);
        const other = DeviceAddress.parse(text);
        expect(other !== undefined && parsed?.equals(other)).toBe(true);
      }),
    );
  });

  test('it never shows itself, and what it reveals is a copy', () => {
    const device = DeviceAddress.parse('02aabb334455');
    const shown = [
      String(device),
      `${device}`,
      JSON.stringify({ device }),
      inspect(device),
      inspect({ deep: [device] }),
    ];
    for (const text of shown) {
      expect(text).toContain('[mac]');
      expect(text.toLowerCase()).not.toMatch(/aa.?bb|170/);
    }
    device?.reveal().fill(0);
    expect(device?.reveal()).toEqual(octets);
  });
});

describe('days and hours', () => {
  test.each([
    ['before four in the morning it is still yesterday', '2026-11-21T02:59:59Z', '2026-11-20'],
    ['from four on it is today', '2026-11-21T03:00:00Z', '2026-11-21'],
    ['in summer, too', '2026-07-01T02:00:00Z', '2026-07-01'],
    ['in summer before four', '2026-07-01T01:59:59Z', '2026-06-30'],
  ])('%s', (_, at, day) => {
    expect(keyScope('rathaus', Date.parse(at), BERLIN)).toEqual({ site: 'rathaus', day });
  });

  test('a key dies when its day is over and its last grant has expired, and neither alone kills it', () => {
    const key = { day: '2026-11-21', lastExpiry: NOW + 20 * HOUR };
    expect(keyIsDead(key, NOW, BERLIN)).toBe(false);
    expect(keyIsDead(key, NOW + 20 * HOUR - 1, BERLIN)).toBe(false);
    expect(keyIsDead(key, NOW + 20 * HOUR, BERLIN)).toBe(true);
    expect(keyIsDead({ ...key, lastExpiry: NOW - DAY }, NOW, BERLIN)).toBe(false);
  });

  test('two moments of one local day are never more than 25 hours apart', () => {
    const moment = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2030, 0, 1) });
    fc.assert(
      fc.property(moment, fc.nat(3 * DAY), (at, later) => {
        const same = keyScope('s', at, BERLIN).day === keyScope('s', at + later, BERLIN).day;
        if (same) expect(later).toBeLessThanOrEqual(25 * HOUR);
        else expect(later).toBeGreaterThan(0);
      }),
    );
  });

  test('the local date and the hour', () => {
    expect(localDate(Date.parse('2026-12-31T23:30:00Z'), BERLIN)).toBe('2027-01-01');
    expect(startOfHour(NOW + 59 * MINUTE)).toBe(NOW);
    expect(startOfHour(NOW)).toBe(NOW);
  });
});

describe('terms in force', () => {
  const all = [
    { version: '2026-01', validFrom: NOW - DAY },
    { version: '2027-01', validFrom: NOW + DAY },
    { version: '2025-01', validFrom: NOW - 300 * DAY },
  ];
  test.each([
    ['before the first there are none', NOW - 301 * DAY, undefined],
    ['the newest that has begun', NOW, '2026-01'],
    ['from its first moment', NOW + DAY, '2027-01'],
  ])('%s', (_, now, version) => {
    expect(termsInForce(all, now)?.version).toBe(version);
  });
});

describe('errors and reasons', () => {
  test('an operator’s error is one line: what happened, what to do, the code', () => {
    const error = new OperatorError('STORE_FULL', 'The disk is full.', 'Free some space.', { cause: 'x' });
    expect(String(error)).toBe('The disk is full. Free some space. (STORE_FULL)');
    expect(error).toMatchObject({
      code: 'STORE_FULL',
      remedy: 'Free some space.',
      cause: 'x',
      message: 'The disk is full.',
    });
  });

  test.each([
    [Object.assign(new Error('no'), { code: 'ENOENT' }), 'ENOENT'],
    [Object.assign(new Error('no'), { code: 5 }), undefined],
    [new Error('no'), undefined],
    ['ENOENT', undefined],
  ])('the errno of %p', (error, code) => {
    expect(errnoOf(error)).toBe(code);
  });

  test('every reason is a word for a metric label and has a sentence', () => {
    for (const [reason, sentence] of [REJECT, DROP, VISIT_REFUSED, MISS].flatMap((list) => Object.entries(list))) {
      expect(reason).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(sentence.length).toBeGreaterThan(10);
    }
  });
});
