import fc from 'fast-check';
import type { AccessPoint } from '../../config/schema';
import { Secret } from '../../config/secret';
import type { PollResult } from '../../controller/probe/probe';
import { SnmpProber } from '../../controller/probe/snmp';
import { KeyMaker } from '../../controller/probe/snmp-keys';
import { decode } from '../../controller/probe/snmp-v3-message';
import type { IgnoredReason, MissReason } from '../../core/reasons';
import { systemClock } from '../../runtime/clock';
import { describeWith } from '../support/packages';
import { integer, oidValue, tlv } from './ber';
import { Relay } from './relay';
import { Snmpd } from './snmpd';

type Access = NonNullable<AccessPoint['snmp']>;

const PASSWORDS = { authPassword: new Secret('Sommer-am-See'), privacyPassword: new Secret('Winter-im-Wald') };
const USER: Access = { version: 'v3', user: 'stadtfunk', authentication: 'sha256', privacy: 'aes128', ...PASSWORDS };
const STRONG: Access = { version: 'v3', user: 'strong', authentication: 'sha512', privacy: 'aes256', ...PASSWORDS };

describeWith(['snmpd', 'snmpget'], 'SNMPv3 with Debian’s snmpd', () => {
  let snmpd: Snmpd;
  let prober: SnmpProber;
  let ignored: IgnoredReason[] = [];
  const relays: Relay[] = [];

  beforeAll(async () => {
    snmpd = await Snmpd.prepare();
    await snmpd.start();
  });
  afterAll(() => snmpd.remove());
  beforeEach(() => {
    ignored = [];
    const patience = { firstTimeoutMs: 150, refusalMs: 60 };
    prober = new SnmpProber({ clock: systemClock, onIgnored: (reason) => ignored.push(reason) }, patience);
  });
  afterEach(async () => {
    for (const relay of relays.splice(0)) relay.stop();
    await prober.close();
  });

  function accessPoint(port: number, snmp: Access): AccessPoint {
    return { id: 'ap', name: 'AP', site: 'site', host: '127.0.0.1', port, snmp };
  }

  function poll(ap: AccessPoint): Promise<PollResult> {
    return prober.probe(ap, new AbortController().signal);
  }

  async function relayed(): Promise<{ relay: Relay; port: number }> {
    const relay = new Relay(snmpd.port);
    relays.push(relay);
    return { relay, port: await relay.start() };
  }

  function clientsIn(result: PollResult): number | string | undefined {
    return result.answered ? result.sample.clients : result.reason;
  }

  /** Late answers are no matter here: the machine may be busy. */
  const reasons = (): string[] => [...new Set(ignored)].filter((reason) => reason !== 'unasked');

  test.each([
    ['SHA-256 and AES-128', USER],
    ['SHA-512 and AES-256', STRONG],
  ])('%s: the sample is the one that v2c gives', async (_name, access) => {
    const ap = accessPoint(snmpd.port, access);
    const [open, first, second] = [
      await poll(accessPoint(snmpd.port, { version: 'v2c', community: new Secret('public') })),
      await poll(ap),
      await poll(ap),
    ];
    for (const result of [open, first, second]) {
      expect(clientsIn(result)).toBe(7);
      expect(result.answered && [...result.sample.interfaces.keys()]).toEqual(
        open.answered && [...open.sample.interfaces.keys()],
      );
    }
    expect(reasons()).toEqual([]);
  });

  test.each<[string, MissReason, Access]>([
    ['an unknown user', 'access-refused', { ...USER, user: 'nobody' }],
    ['another password', 'access-refused', { ...USER, authPassword: new Secret('Herbst-am-See') }],
    ['a user without keys', 'access-refused', { ...USER, user: 'unsigned' }],
    // snmpd says nothing to what it cannot read.
    ['another password for the encryption', 'timeout', { ...USER, privacyPassword: new Secret('Herbst-am-See') }],
  ])('%s is a miss: %s', async (_name, reason, access) => {
    expect(clientsIn(await poll(accessPoint(snmpd.port, access)))).toBe(reason);
  });

  test('a clear, unsigned Response with the right number is not believed [net-snmp 3.29 takes it]', async () => {
    const { relay, port } = await relayed();
    const ap = accessPoint(port, USER);
    expect(clientsIn(await poll(ap))).toBe(7);
    relay.tamper = (answer) => [forged(answer, 0), forged(answer, 1), forged(answer, 3), answer];
    expect(clientsIn(await poll(ap))).toBe(7);
    expect(reasons()).toEqual(['unauthentic']);
  });

  test('if only forged answers come it is a miss, and the next true one counts again', async () => {
    const { relay, port } = await relayed();
    const ap = accessPoint(port, USER);
    relay.tamper = (answer) => (encrypted(answer) ? [forged(answer, 0)] : [answer]);
    expect(clientsIn(await poll(ap))).toBe('malformed');
    relay.tamper = (answer) => [answer];
    expect(clientsIn(await poll(ap))).toBe(7);
  });

  test('an answer to an earlier request is not taken for this one', async () => {
    const { relay, port } = await relayed();
    const ap = accessPoint(port, USER);
    const recorded: Buffer[] = [];
    relay.tamper = (answer) => {
      recorded.push(answer);
      return [answer];
    };
    expect(clientsIn(await poll(ap))).toBe(7);
    relay.tamper = (answer) => [...recorded, answer];
    expect(clientsIn(await poll(ap))).toBe(7);
    expect(ignored).toContain('unasked');
  });

  test('reports that anybody can forge do not end a request', async () => {
    const { relay, port } = await relayed();
    const ap = accessPoint(port, USER);
    expect(clientsIn(await poll(ap))).toBe(7);
    // usmStatsNotInTimeWindows, usmStatsUnknownUserNames, usmStatsWrongDigests
    relay.tamper = (answer) => [2, 3, 5].map((counter) => report(answer, counter)).concat(answer);
    expect(clientsIn(await poll(ap))).toBe(7);
    expect(reasons()).toEqual(['unauthentic']);
  });

  test('any change of any octets neither ends the process nor is believed', async () => {
    const { relay, port } = await relayed();
    const ap = accessPoint(port, USER);
    expect(clientsIn(await poll(ap))).toBe(7);
    const mutation = fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(mutation, async (changes) => {
        relay.tamper = (answer) => {
          const bytes = Buffer.from(answer);
          for (const [at, flip] of changes) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip;
          return [bytes, answer];
        };
        expect(clientsIn(await poll(ap))).toBe(7);
      }),
      { numRuns: 60 },
    );
  });

  test('access points with the same password share what is slow to make of it', async () => {
    const made = jest.spyOn(KeyMaker.prototype, 'localized');
    try {
      for (let i = 0; i < 3; i++) expect(clientsIn(await poll(accessPoint(snmpd.port, USER)))).toBe(7);
      const [keys, ...others] = new Set(made.mock.contexts);
      expect([keys?.stretches, others.length]).toEqual([2, 0]);
    } finally {
      made.mockRestore();
    }
  });

  test('an agent that starts anew, or counts its starts from one again, is followed within the poll', async () => {
    const ap = accessPoint(snmpd.port, USER);
    expect(clientsIn(await poll(ap))).toBe(7);
    await snmpd.stop();
    await snmpd.start();
    expect(clientsIn(await poll(ap))).toBe(7);
    await snmpd.stop();
    snmpd.loseCount();
    await snmpd.start();
    expect(clientsIn(await poll(ap))).toBe(7);
  });
});

test('a password is stretched once, not once for each access point', () => {
  const keys = new KeyMaker();
  const user = {
    name: 'stadtfunk',
    authentication: 'sha256',
    privacy: 'aes128',
    authPassword: 'Sommer-am-See',
    privacyPassword: 'Winter-im-Wald',
  } as const;
  const made = [1, 2, 3].map((octet) => keys.localized(user, Buffer.alloc(12, octet)).authentication.toString('hex'));
  expect(new Set(made).size).toBe(3);
  expect(keys.stretches).toBe(2);
});

function encrypted(message: Buffer): boolean {
  return ((decode(message)?.flags ?? 0) & 2) !== 0;
}

/** A Response in clear text with the number, agent and user of a true one: everything that can be read on the wire. */
function forged(answer: Buffer, flags: number): Buffer {
  const lie = tlv(0x30, tlv(0x06, oidValue('1.3.6.1.2.1.1.1.0')), tlv(0x04, Buffer.from('FORGED')));
  return inClear(answer, flags, 0xa2, lie);
}

/** An unsigned Report of a counter of usmStats. */
function report(answer: Buffer, counter: number): Buffer {
  const name = tlv(0x06, oidValue(`1.3.6.1.6.3.15.1.1.${counter}.0`));
  return inClear(answer, 0, 0xa8, tlv(0x30, name, tlv(0x41, Buffer.from([1]))));
}

function inClear(answer: Buffer, flags: number, type: number, binding: Buffer): Buffer {
  const seen = decode(answer);
  if (seen === undefined) throw new Error('no SNMPv3 message');
  const number = (value: number): Buffer => tlv(0x02, integer(value));
  const pdu = tlv(type, number(seen.id), number(0), number(0), tlv(0x30, binding));
  return tlv(
    0x30,
    number(3),
    tlv(0x30, number(seen.id), number(65_507), tlv(0x04, Buffer.from([flags])), number(3)),
    tlv(
      0x04,
      tlv(
        0x30,
        tlv(0x04, seen.engineId),
        number(seen.boots),
        number(seen.seconds),
        tlv(0x04, seen.userName),
        tlv(0x04, Buffer.alloc(flags === 0 ? 0 : 24)),
        tlv(0x04, Buffer.alloc(flags === 3 ? 8 : 0)),
      ),
    ),
    tlv(0x30, tlv(0x04, seen.engineId), tlv(0x04), pdu),
  );
}
