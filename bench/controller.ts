import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once, setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { AccessPoint } from '../config/schema';
import { Secret } from '../config/secret';
import { SnmpProber } from '../controller/probe/snmp';
import { generic } from '../controller/profiles/generic';
import { INTERFACES } from '../controller/profiles/interfaces';
import { openwrt } from '../controller/profiles/openwrt';
import { systemClock } from '../runtime/clock';
import { packageRoot } from '../runtime/package-root';
import { encode, PDU } from '../test/controller/ber';
import { type Figure, median, type Run } from './figure';

const COMMUNITY = 'public';
const IN_FLIGHT = 64;
const ROUNDS = 3;

/** Polls one agent; resolves when it has answered everything. */
type Poll = (port: number) => Promise<void>;

interface Round {
  readonly pollsPerSecond: number;
  readonly cpuMicrosPerPoll: number;
}

/** Polls by our prober against the same requests, ready-made, sent and received by a bare node:dgram socket. */
export const run: Run = async (seconds) => {
  const agents = fork(join(__dirname, 'controller', 'agents.ts'), {
    cwd: packageRoot,
    execArgv: ['-r', 'ts-node/register/transpile-only'],
  });
  try {
    const [message]: unknown[] = await once(agents, 'message');
    const ports = Array.isArray(message) ? message.map(Number) : [];
    const [ours, raw] = [probing(), await barePackets()];
    const rounds: { ours: Round[]; raw: Round[] } = { ours: [], raw: [] };
    const length = (seconds * 1000) / (2 * ROUNDS);
    await measure(ours.poll, ports, length / 4);
    await measure(raw.poll, ports, length / 4);
    for (let i = 0; i < ROUNDS; i++) {
      rounds.ours.push(await measure(ours.poll, ports, length));
      rounds.raw.push(await measure(raw.poll, ports, length));
    }
    await ours.close();
    raw.close();
    return [
      figure('controller.poll', '1/s', rounds.ours, rounds.raw, (round) => round.pollsPerSecond),
      figure('controller.poll.cpu', 'us', rounds.ours, rounds.raw, (round) => round.cpuMicrosPerPoll),
    ];
  } finally {
    agents.disconnect();
  }
};

function figure(name: string, unit: string, ours: Round[], raw: Round[], of: (round: Round) => number): Figure {
  const value = median(ours.map(of));
  return { name, value, unit, against: 'node:dgram, ready-made', ratio: value / median(raw.map(of)) };
}

/** Polls as many as it can for a while. */
async function measure(poll: Poll, ports: readonly number[], millis: number): Promise<Round> {
  const began = performance.now();
  const cpu = process.cpuUsage();
  let polls = 0;
  const worker = async (first: number): Promise<void> => {
    for (let i = first; performance.now() - began < millis; i++) {
      await poll(ports[i % ports.length] ?? 0);
      polls++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, i) => worker(i)));
  const { user, system } = process.cpuUsage(cpu);
  return { pollsPerSecond: polls / ((performance.now() - began) / 1000), cpuMicrosPerPoll: (user + system) / polls };
}

function probing(): { poll: Poll; close(): Promise<void> } {
  const prober = new SnmpProber({ clock: systemClock, onIgnored: () => {} });
  const signal = new AbortController().signal;
  setMaxListeners(IN_FLIGHT, signal);
  const community = new Secret(COMMUNITY);
  const ap = { id: 'ap', name: 'AP', site: 'site', host: '127.0.0.1', community };
  const poll: Poll = async (port) => {
    const target: AccessPoint = { ...ap, port };
    const result = await prober.probe(target, signal);
    if (!result.answered || result.sample.interfaces.size === 0)
      throw new Error('an agent of the bench did not answer');
  };
  return { poll, close: () => prober.close() };
}

/** The two requests of a poll, made once; only the id changes. Nothing is checked or read but the id. */
async function barePackets(): Promise<{ poll: Poll; close(): void }> {
  const columns = Object.values(INTERFACES).flatMap(([first]) => first ?? []);
  const requests = [
    requestOf(
      PDU.get,
      Object.values({ ...generic.scalars, ...openwrt.scalars })
        .flat()
        .filter((source) => typeof source === 'string'),
      0,
    ),
    requestOf(PDU.getBulk, columns, 12),
  ];
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const waiting = new Map<number, () => void>();
  socket.on('message', (reply) => {
    // Behind version, community and the two-octet lengths of message and PDU.
    const id = reply.readInt32BE(4 + 3 + 2 + COMMUNITY.length + 4 + 2);
    waiting.get(id)?.();
    waiting.delete(id);
  });
  let id = 2 ** 24;
  const poll: Poll = async (port) => {
    for (const { bytes, idAt } of requests) {
      const mine = ++id;
      bytes.writeInt32BE(mine, idAt);
      await new Promise<void>((resolve) => {
        waiting.set(mine, resolve);
        socket.send(Buffer.from(bytes), port, '127.0.0.1');
      });
    }
  };
  return { poll, close: () => socket.close() };
}

function requestOf(pdu: number, oids: readonly string[], repetitions: number): { bytes: Buffer; idAt: number } {
  const marker = 0x12345678;
  const bindings = oids.map((oid) => ({ oid, tag: 0x05, value: Buffer.alloc(0) }));
  const bytes = encode({ version: 1, community: COMMUNITY, pdu, id: marker, status: 0, index: repetitions, bindings });
  return { bytes, idAt: bytes.indexOf(Buffer.from('12345678', 'hex')) };
}
