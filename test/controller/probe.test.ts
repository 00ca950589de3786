import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import fc from 'fast-check';
import type { AccessPoint } from '../../config/schema';
import { Secret } from '../../config/secret';
import type { PollResult, Sample } from '../../controller/probe/probe';
import { refuses } from '../../controller/probe/refusal';
import { SnmpProber } from '../../controller/probe/snmp';
import type { IgnoredReason, MissReason } from '../../core/reasons';
import { systemClock } from '../../runtime/clock';
import { freeUdpPort } from '../support/ports';
import { readWalk, ScriptedAgent } from './agent';
import { type Binding, encode, type Message, PDU, tlv } from './ber';

const PATIENCE = { firstTimeoutMs: 60, refusalMs: 60 };
const fixture = (name: string): string => join(__dirname, 'fixtures', `${name}.snmprec`);

let ignored: IgnoredReason[] = [];
let prober: SnmpProber;

beforeEach(() => {
  ignored = [];
  prober = new SnmpProber({ clock: systemClock, onIgnored: (reason) => ignored.push(reason) }, PATIENCE);
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.stop();
  await prober.close();
});

const agents: ScriptedAgent[] = [];

function agentWith(objects: readonly Binding[]): ScriptedAgent {
  const agent = new ScriptedAgent(objects);
  agents.push(agent);
  return agent;
}

function accessPoint(port: number, more: Partial<AccessPoint> = {}): AccessPoint {
  return { id: 'ap', name: 'AP', site: 'site', host: '127.0.0.1', port, community: new Secret('public'), ...more };
}

function poll(port: number, more?: Partial<AccessPoint>): Promise<PollResult> {
  return prober.probe(accessPoint(port, more), new AbortController().signal);
}

function sampleOf(result: PollResult): Sample {
  if (!result.answered) throw new Error(`missed: ${result.reason}`);
  return result.sample;
}

describe('what a device says is read as a person reading its walk would say', () => {
  test.each<[string, Omit<Sample, 'interfaces'>, Record<string, unknown>]>([
    [
      'openwrt',
      {
        description: 'Linux OpenWrt 6.6.93 #0 SMP Mon Jun 23 20:40:36 2025 mips',
        uptime: { seconds: 38_347_746.01, source: 'host' },
        load1: 0.37,
        memory: { totalBytes: 249_344 * 1024, availableBytes: 150_000 * 1024 },
        clients: 14,
        traffic: new Map([
          ['uplink', { receiveOctets: 1_099_511_627_776, transmitOctets: 255 }],
          ['wlan', { receiveOctets: Number(2n ** 64n - 1n), transmitOctets: 128 }],
        ]),
      },
      {
        eth0: { receiveOctets: 1_099_511_627_776, transmitOctets: 255, up: true },
        'phy0-ap0': { receiveOctets: Number(2n ** 64n - 1n), transmitOctets: 128, up: false },
      },
    ],
    [
      'small-agent',
      {
        description: 'Small agent',
        uptime: { seconds: 42_949_672.95, source: 'agent' },
        memory: { totalBytes: 60_000 * 1024, availableBytes: 20_000 * 1024 },
        traffic: new Map([['uplink', { receiveOctets: 4_294_967_295, transmitOctets: 7 }]]),
      },
      { eth0: { receiveOctets: 4_294_967_295, transmitOctets: 7, up: true } },
    ],
  ])('%s', async (name, expected, interfaces) => {
    const agent = agentWith(readWalk(fixture(name)));
    const { interfaces: found, ...rest } = sampleOf(await poll(await agent.start()));
    expect(rest).toEqual(expected);
    expect(Object.fromEntries(found)).toEqual(interfaces);
  });
});

test('a table is asked for as many rows as it had; one that has grown since is read whole all the same', async () => {
  const patient = new SnmpProber({ clock: systemClock, onIgnored: () => {} });
  const objects = readWalk(fixture('openwrt'));
  const agent = agentWith(objects);
  const ap = accessPoint(await agent.start());
  const asked: number[] = [];
  const interfaces = async (answering: ScriptedAgent): Promise<number> => {
    asked.length = 0;
    agent.respond = (request) => {
      if (request.pdu === PDU.getBulk) asked.push(request.index);
      return [answering.honest(request)];
    };
    return sampleOf(await patient.probe(ap, new AbortController().signal)).interfaces.size;
  };
  const before = await interfaces(agent);
  expect(Math.max(...asked)).toBeGreaterThan(4);
  expect(await interfaces(agent)).toBe(before);
  // Three rows with `lo`, and one more to see the end.
  expect(asked).toEqual([before + 2]);
  const added = [5, 6, 7, 8, 9].map((index) => index + 2000);
  const grown = added.flatMap((index) => [
    { oid: `1.3.6.1.2.1.31.1.1.1.1.${index}`, tag: 0x04, value: Buffer.from(`wlan${index}`) },
    ...[6, 10].map((column) => ({
      oid: `1.3.6.1.2.1.31.1.1.1.${column}.${index}`,
      tag: 0x46,
      value: Buffer.from([1]),
    })),
  ]);
  expect(await interfaces(new ScriptedAgent([...objects, ...grown]))).toBe(before + added.length);
  await patient.close();
});

describe('no answer at all is told apart', () => {
  test.each<[MissReason, (port: number) => Promise<PollResult>]>([
    ['refused', (port) => poll(port)],
    ['unresolved', (port) => poll(port, { host: 'no-such-host.invalid' })],
    ['unreachable', (port) => poll(port, { host: '255.255.255.255' })],
  ])('%s', async (reason, ask) => {
    expect(await ask(await freeUdpPort())).toEqual({ answered: false, reason });
  });

  test('a refusal counts also if this process was busy until the time for it was over', async () => {
    const port = await freeUdpPort();
    const asked = refuses({ address: '127.0.0.1', family: 4 }, port, 20, systemClock);
    // In the turn in which the datagram went out, and the next ones.
    for (let turn = 0; turn < 5; turn++) {
      const until = performance.now() + 30;
      while (performance.now() < until);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await asked).toBe(true);
  });

  test('timeout: the agent is asked three times, and waited for twice and three times as long', async () => {
    const agent = agentWith([]);
    const port = await agent.start();
    agent.respond = () => [];
    const began = performance.now();
    expect(await poll(port)).toEqual({ answered: false, reason: 'timeout' });
    expect(performance.now() - began).toBeGreaterThanOrEqual(6 * PATIENCE.firstTimeoutMs - 5);
    expect(agent.requests).toBe(3);
  });

  test('a lost answer is made up for by the second request', async () => {
    const agent = agentWith(readWalk(fixture('openwrt')));
    const port = await agent.start();
    agent.respond = (_request, honest) => (agent.requests % 2 === 1 ? [] : [honest]);
    expect(sampleOf(await poll(port)).interfaces.size).toBe(2);
  });

  test('an aborted poll rejects at once', async () => {
    const agent = agentWith([]);
    const port = await agent.start();
    const abort = new AbortController();
    const polling = prober.probe(accessPoint(port), abort.signal);
    agent.respond = () => {
      abort.abort();
      return [];
    };
    await expect(polling).rejects.toThrow('aborted');
  });
});

describe('a hostile or broken answer', () => {
  let agent: ScriptedAgent;
  let port: number;
  let truth: Sample;
  let known: AccessPoint;

  beforeEach(async () => {
    agent = agentWith(readWalk(fixture('openwrt')));
    port = await agent.start();
    known = accessPoint(port);
    truth = sampleOf(await prober.probe(known, new AbortController().signal));
  });

  /** Replaces the value of the first binding. */
  const value = (message: Message, tag: number, bytes: Buffer): Message => {
    const [first, ...rest] = message.bindings;
    return { ...message, bindings: first === undefined ? rest : [{ oid: first.oid, tag, value: bytes }, ...rest] };
  };
  /** The same message with one octet of its encoding replaced. */
  const patched = (message: Message, at: number, octet: number): Buffer => {
    const bytes = encode(message);
    bytes[at] = octet;
    return bytes;
  };

  /** Without late answers, which a busy machine brings about. */
  const reasons = (): string[] => [...new Set(ignored)].filter((reason) => reason !== 'unasked');
  const cutInHalf = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length >> 1);

  const unreadable: [string, IgnoredReason, (honest: Message, request: Message) => Buffer | Message][] = [
    ['nothing', 'malformed', () => Buffer.alloc(0)],
    ['one octet', 'malformed', () => Buffer.from([0x30])],
    ['garbage', 'malformed', () => Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['zeros', 'malformed', () => Buffer.alloc(1400)],
    ['cut in half', 'malformed', (honest) => cutInHalf(encode(honest))],
    ['more octets than its length says', 'malformed', (honest) => Buffer.concat([encode(honest), Buffer.alloc(1)])],
    ['an indefinite length [X.690 8.1.3.6]', 'malformed', (honest) => patched(honest, 1, 0x80)],
    ['a length of 126 octets', 'malformed', (honest) => patched(honest, 1, 0xfe)],
    ['SNMPv1', 'wrong-version', (honest) => ({ ...honest, version: 0 })],
    ['SNMPv3', 'wrong-version', (honest) => ({ ...honest, version: 3 })],
    ['another community', 'wrong-community', (honest) => ({ ...honest, community: 'publik' })],
    ['an empty community', 'wrong-community', (honest) => ({ ...honest, community: '' })],
    ['a Report [ends net-snmp]', 'wrong-type', (honest) => ({ ...honest, pdu: PDU.report })],
    ['a trap', 'wrong-type', (honest) => ({ ...honest, pdu: PDU.trap })],
    ['the request itself', 'wrong-type', (_honest, request) => request],
    ['an integer of 5 octets', 'malformed', (honest) => value(honest, 0x02, Buffer.alloc(5, 1))],
    ['an integer of 100 octets', 'malformed', (honest) => value(honest, 0x02, Buffer.alloc(100, 1))],
    ['an integer of no octets', 'malformed', (honest) => value(honest, 0x02, Buffer.alloc(0))],
    ['a Gauge32 of 33 bits', 'malformed', (honest) => value(honest, 0x42, Buffer.from('0100000005', 'hex'))],
    ['a Counter64 of 65 bits', 'malformed', (honest) => value(honest, 0x46, Buffer.alloc(9, 1))],
    ['an unknown type', 'malformed', (honest) => value(honest, 0x99, Buffer.alloc(1))],
    ['an address of 3 octets', 'malformed', (honest) => value(honest, 0x40, Buffer.alloc(3))],
    ['a Null with a value', 'malformed', (honest) => value(honest, 0x05, Buffer.alloc(1))],
    ['an unfinished object identifier', 'malformed', (honest) => value(honest, 0x06, Buffer.from([0x2b, 0x86]))],
    ['a sub-identifier of 35 bits', 'malformed', (honest) => value(honest, 0x06, Buffer.from('2bffffffff7f', 'hex'))],
    [
      'no list of bindings',
      'malformed',
      ({ id }) =>
        tlv(0x30, tlv(2, Buffer.from([1])), tlv(4, Buffer.from('public')), tlv(0xa2, tlv(2, Buffer.from([id & 0x7f])))),
    ],
  ];

  test.each(unreadable)('%s is ignored as %s, and the true answer after it counts', async (_name, reason, make) => {
    ignored = [];
    agent.respond = (request, honest) => [make(honest, request), honest];
    expect(sampleOf(await poll(port))).toEqual(truth);
    expect(reasons()).toEqual([reason]);
    // The same where the device is known already, and only asked what it has.
    expect(sampleOf(await prober.probe(known, new AbortController().signal))).toEqual(truth);
    expect(reasons()).toEqual([reason]);
  });

  test('if nothing else comes, the miss says malformed', async () => {
    agent.respond = (_request, honest) => [encode(honest).subarray(1)];
    expect(await poll(port)).toEqual({ answered: false, reason: 'malformed' });
  });

  test('any change of any octets neither ends the process nor keeps a poll from its end', async () => {
    const mutation = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(mutation, async (changes) => {
        agent.respond = (_request, honest) => {
          const bytes = encode(honest);
          for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
          return [bytes, honest];
        };
        await poll(port);
      }),
      { numRuns: 200 },
    );
  });

  test.each<[string, MissReason, (honest: Message) => Message]>([
    ['fewer values than asked for', 'malformed', (honest) => ({ ...honest, bindings: honest.bindings.slice(1) })],
    [
      'more values than asked for',
      'malformed',
      (honest) => ({ ...honest, bindings: [...honest.bindings, ...honest.bindings] }),
    ],
    ['values of other objects', 'malformed', (honest) => ({ ...honest, bindings: honest.bindings.toReversed() })],
    ['an error [RFC 3416 4.2.1]', 'error', (honest) => ({ ...honest, status: 5, index: 1 })],
  ])('%s is a miss: %s', async (_name, reason, make) => {
    agent.respond = (_request, honest) => [make(honest)];
    expect(await poll(port)).toEqual({ answered: false, reason });
  });

  test.each<[string, number, (request: Message, honest: Message) => Message]>([
    [
      'the same row for ever',
      5,
      (request, honest) => ({ ...honest, bindings: honest.bindings.map((_, i) => row(request, i, 1)) }),
    ],
    [
      'rows backwards',
      5,
      (request, honest) => ({ ...honest, bindings: honest.bindings.map((_, i) => row(request, i, 99 - i)) }),
    ],
    ['no rows', 5, (_request, honest) => ({ ...honest, bindings: [] })],
    [
      'noSuchObject',
      5,
      (request, honest) => ({
        ...honest,
        bindings: request.bindings.map(({ oid }) => ({ oid, tag: 0x80, value: Buffer.alloc(0) })),
      }),
    ],
    [
      'rows without end',
      45,
      (request, honest) => ({ ...honest, bindings: honest.bindings.map((_, i) => next(request, i)) }),
    ],
  ])(
    'a walk that gets %s ends after %d requests at most, and the rest of the sample stands',
    async (_name, most, make) => {
      agent.questions.clear();
      agent.respond = (request, honest) => [request.pdu === PDU.getBulk ? make(request, honest) : honest];
      const { interfaces, ...rest } = sampleOf(await poll(port));
      // What comes from tables may be missing or nonsense here; nothing else may.
      const ofTables = { interfaces: undefined, traffic: undefined, radios: undefined };
      expect({ ...rest, ...ofTables }).toEqual({ ...truth, ...ofTables });
      expect(interfaces.size).toBeLessThanOrEqual(128);
      expect(agent.questions.size).toBeLessThanOrEqual(most);
    },
  );

  const columnOf = (oid: string): string =>
    (oid.match(/^(1\.3\.6\.1\.2\.1\.31\.1\.1\.1\.\d+|1\.3\.6\.1\.2\.1\.2\.2\.1\.\d+)/) ?? [oid])[0];
  const row = (request: Message, i: number, index: number): Binding => {
    const column = columnOf(request.bindings[i % request.bindings.length]?.oid ?? '');
    return { oid: `${column}.${index}`, tag: 0x02, value: Buffer.from([1]) };
  };
  const next = (request: Message, i: number): Binding => {
    const cursor = request.bindings[i % request.bindings.length]?.oid ?? '';
    const last = Number(cursor.slice(columnOf(cursor).length + 1) || 0);
    return row(request, i, last + 1 + Math.floor(i / request.bindings.length));
  };

  test('an answer from another port is ignored, however right it is', async () => {
    const stranger = createSocket('udp4');
    const lie: Binding = { oid: '1.3.6.1.2.1.1.1.0', tag: 0x04, value: Buffer.from('a stranger') };
    ignored = [];
    const asked = new Promise<number>((resolve) => {
      agent.onRemote = resolve;
    });
    agent.respond = (_request, honest) => {
      void asked.then((manager) =>
        stranger.send(encode({ ...honest, bindings: [lie, ...honest.bindings.slice(1)] }), manager, '127.0.0.1'),
      );
      return agent.requests % 2 === 1 ? [] : [honest];
    };
    expect(sampleOf(await poll(port)).description).toBe(truth.description);
    expect(ignored).toContain('unknown-source');
    stranger.close();
  });

  test('each answer twice changes nothing', async () => {
    agent.respond = (_request, honest) => [honest, honest];
    expect(sampleOf(await poll(port))).toEqual(truth);
  });
});
