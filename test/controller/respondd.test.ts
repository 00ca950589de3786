import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import type { AccessPoint } from '../../config/schema';
import type { PollResult } from '../../controller/probe/probe';
import { RespondDProber } from '../../controller/probe/respondd';
import { readAnswer } from '../../controller/probe/respondd-answer';
import type { IgnoredReason } from '../../core/reasons';
import { systemClock } from '../../runtime/clock';
import { packageRoot } from '../../runtime/package-root';
import { describeWith, needsNamespaces } from '../support/packages';
import { freeUdpPort } from '../support/ports';
import { until } from '../support/wait';
import { deflated, gluonAnswer, RespondDNode, syncFlushed } from './respondd-node';

const ID = 'c4e984aa0b1c';
const OTHER = 'c4e984aa0b1d';
const PATIENCE = { timeoutsMs: [40, 60, 80], groupMs: 400, refusalMs: 60 };

const nodes: RespondDNode[] = [];
let ignored: IgnoredReason[] = [];
let prober: RespondDProber;

beforeEach(() => {
  ignored = [];
  prober = new RespondDProber({ clock: systemClock, onIgnored: (reason) => ignored.push(reason) }, PATIENCE);
});
afterEach(async () => {
  for (const node of nodes.splice(0)) node.stop();
  await prober.close();
});

async function node(answers: readonly Buffer[], ...where: Parameters<RespondDNode['start']>) {
  const made = new RespondDNode();
  made.answers = answers;
  nodes.push(made);
  return { node: made, port: await made.start(...where) };
}

function ask(port: number, nodeId?: string, host = '::1', signal = new AbortController().signal): Promise<PollResult> {
  const respondd = { port, ...(nodeId !== undefined && { nodeId }) };
  const ap: AccessPoint = { id: 'ap', name: 'AP', site: 'site', host, port: 161, respondd };
  return prober.probe(ap, signal);
}

test.each([
  ['plain', Buffer.from(gluonAnswer(ID))],
  ['in raw deflate', deflated(gluonAnswer(ID))],
  ['in raw deflate that ends at a sync flush', syncFlushed(gluonAnswer(ID))],
])('an answer %s, numbers written as Lua does, is read', async (_how, answer) => {
  const { node: one, port } = await node([answer]);
  const result = await ask(port, ID);
  expect(result).toEqual({
    answered: true,
    sample: {
      description: 'gluon-v2023.2.3 (2.4.1), TP-Link Archer C7 v2',
      uptime: { seconds: 86400.25, source: 'host' },
      load1: 0.17,
      memory: { totalBytes: 125_000 * 1024, availableBytes: 60_000 * 1024 },
      clients: 7,
      interfaces: new Map([['bat0', { receiveOctets: 8_000_000_000, transmitOctets: 500_000, up: true }]]),
    },
  });
  expect(one.questions).toEqual(['GET nodeinfo statistics neighbours']);
  expect(ignored).toEqual([]);
});

test('whom a node belongs to is not kept', async () => {
  const { port } = await node([deflated(gluonAnswer(ID))]);
  expect(JSON.stringify(await ask(port))).not.toContain('anna@');
});

test.each([
  ['no statistics', '{"nodeinfo":{"node_id":"c4e984aa0b1c"}}'],
  ['statistics that are empty', '{"nodeinfo":{"node_id":"c4e984aa0b1c"},"statistics":{}}'],
  [
    'figures in a wrong form',
    '{"statistics":{"node_id":"c4e984aa0b1c","uptime":-1,"loadavg":"high","memory":[],"clients":{"wifi":null,"total":"x"},"traffic":{"rx":7}}}',
  ],
])('with %s it is there all the same, and has no figures', async (_what, answer) => {
  const { port } = await node([Buffer.from(answer)]);
  expect(await ask(port)).toEqual({ answered: true, sample: { description: '', interfaces: new Map() } });
});

describe('what must not be believed is counted, and the node is asked again', () => {
  const whole = deflated(gluonAnswer(ID));
  test.each<[string, Buffer, IgnoredReason]>([
    ['a bomb: 8 MB in 8 kB', deflated(`{"nodeinfo":"${'a'.repeat(8_000_000)}"}`), 'too-long'],
    ['a datagram longer than nodes send', Buffer.from(`{"a":"${'a'.repeat(17_000)}"}`), 'too-long'],
    ['a packet that was cut', whole.subarray(0, whole.length - 40), 'malformed'],
    ['a plain answer that was cut', Buffer.from(gluonAnswer(ID)).subarray(0, 200), 'malformed'],
    ['garbage', Buffer.from('hello'), 'malformed'],
    ['no JSON object', deflated('[1,2]'), 'malformed'],
    ['deep nesting', deflated(`${'['.repeat(30_000)}`), 'malformed'],
    ['no node_id', deflated('{"statistics":{"uptime":1.0}}'), 'malformed'],
    ['two node_ids', deflated(`{"nodeinfo":{"node_id":"${ID}"},"statistics":{"node_id":"${OTHER}"}}`), 'malformed'],
    ['an answer of another node', deflated(gluonAnswer(OTHER)), 'wrong-node'],
  ])('%s', async (_what, answer, reason) => {
    const { node: one, port } = await node([answer]);
    expect(await ask(port, ID)).toEqual({ answered: false, reason: 'malformed' });
    expect(new Set(ignored)).toEqual(new Set([reason]));
    expect(one.questions.length).toBe(PATIENCE.timeoutsMs.length);
  });
});

test('behind something unreadable the true answer still counts', async () => {
  const { port } = await node([Buffer.from('hello'), deflated(gluonAnswer(ID))]);
  expect(await ask(port, ID)).toMatchObject({ answered: true });
  expect(ignored).toEqual(['malformed']);
});

test('an address that was of one node does not become that of another', async () => {
  const { node: one, port } = await node([deflated(gluonAnswer(ID))]);
  expect(await ask(port)).toMatchObject({ answered: true });
  one.answers = [deflated(gluonAnswer(OTHER))];
  expect(await ask(port)).toEqual({ answered: false, reason: 'malformed' });
  expect(ignored).toContain('wrong-node');
});

test('an answer from another port than was asked is not read', async () => {
  const liar = createSocket('udp6').bind(0, '::1');
  await once(liar, 'listening');
  const { node: one, port } = await node([]);
  const asked = ask(port, ID);
  await until('the node was asked', () => one.questions.length > 0);
  // The liar knows where the question came from; a stranger would have to guess the port.
  const asker = one.lastAsker;
  liar.send(deflated(gluonAnswer(ID)), asker, '::1');
  expect(await asked).toMatchObject({ answered: false });
  expect(ignored).toContain('unknown-source');
  liar.close();
});

test('a silent node is asked three times, a closed port says so, an IPv4 address cannot be asked', async () => {
  const { node: one, port } = await node([]);
  expect(await ask(port)).toEqual({ answered: false, reason: 'timeout' });
  expect(one.questions.length).toBe(3);
  expect(await ask(await freeUdpPort())).toEqual({ answered: false, reason: 'refused' });
  expect(await ask(port, undefined, '127.0.0.1')).toEqual({ answered: false, reason: 'unreachable' });
});

test('whoever gives up gets no result', async () => {
  const { port } = await node([]);
  const abort = new AbortController();
  const asked = ask(port, undefined, '::1', abort.signal);
  abort.abort();
  await expect(asked).rejects.toThrow();
});

test('no bytes make the reader fail', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, packed) => {
      const datagram = packed ? deflated(Buffer.from(bytes).toString('latin1')) : Buffer.from(bytes);
      expect(typeof readAnswer(datagram).ok).toBe('boolean');
    }),
  );
});

test('no JSON makes the reader fail', () => {
  fc.assert(
    fc.property(fc.json(), fc.json(), fc.json(), (nodeinfo, statistics, neighbours) => {
      const datagram = Buffer.from(`{"nodeinfo":${nodeinfo},"statistics":${statistics},"neighbours":${neighbours}}`);
      expect(typeof readAnswer(datagram).ok).toBe('boolean');
    }),
  );
});

describeWith(['ip', 'unshare', needsNamespaces], 'in a group of nodes, in a network of its own', () => {
  test('the one that is looked for is found, then asked alone; a second one of its name is not believed', async () => {
    const network =
      'ip link set lo up; ip link add mesh0 type veth peer name mesh1; ip link set mesh1 up; ip link set mesh0 up';
    const addresses = 'for i in a b c; do ip addr add fe80::$i/64 dev mesh0 nodad; done';
    const script = `${network}; ${addresses}; exec "$0" -r ts-node/register/transpile-only "$1"`;
    const argv = ['--net', 'sh', '-ec', script, process.execPath, join(__dirname, 'respondd-mesh.ts')];
    const { stdout } = await promisify(execFile)('unshare', argv, { cwd: packageRoot });
    expect(JSON.parse(stdout)).toEqual({
      found: { first: true, second: true, questionsToTheGroup: 1 },
      missing: 'timeout',
      again: { first: true, questionsToTheGroup: 0 },
      impostor: { result: 'timeout', ignored: ['wrong-node'] },
    });
  });
});
