import { createSocket } from 'node:dgram';
import { element, integer, PDU, TAG } from '../../controller/probe/snmp-ber';
import { KeyMaker } from '../../controller/probe/snmp-keys';
import { elementAt } from '../../controller/probe/snmp-reader';
import { decode, decrypt, encode, encrypt, FLAG, type Received, sign } from '../../controller/probe/snmp-v3-message';
import { ScriptedAgent } from '../../test/controller/agent';
import { decodeRequest, encode as encodeMessage } from '../../test/controller/ber';
import { pinGenerator } from '../radius/pin';
import { agentAddress, OBJECTS, USER } from './objects';
import { openwrtAt } from './openwrt';

/**
 * A child process of bench/controller.ts: SNMP agents that answer from memory by v2c and v3. What follows the
 * request-id in an answer is worked out once for each form of request. The ports go to the parent as a message.
 *
 * Without arguments there are 2,000 on 127.0.0.1 with twelve objects each. With arguments (index of the first, how many)
 * each has an address of its own and is an OpenWrt device whose uptime and counters grow.
 */

const [first, count = 2_000] = process.argv.slice(2).map(Number);
let honest = new ScriptedAgent(OBJECTS);
const keyMaker = new KeyMaker();
const BOOTS = 3;

/** What follows the request-id in an answer, by what follows it in the request. */
const answers = new Map<string, Buffer>();

/** The Response PDU to a request PDU. */
function respond(pdu: Buffer): Buffer {
  const whole = elementAt(pdu, 0, pdu.length);
  const id = elementAt(pdu, whole?.from ?? 0, pdu.length);
  const key = `${pdu[0]} ${pdu.toString('latin1', id?.to)}`;
  let rest = answers.get(key);
  if (rest === undefined) {
    rest = responseTail(pdu);
    answers.set(key, rest);
  }
  return element(PDU.response, pdu.subarray(whole?.from ?? 0, id?.to), rest);
}

/** Lets the scripted agent of the tests answer, and takes what follows the request-id out of its answer. */
function responseTail(pdu: Buffer): Buffer {
  const message = element(TAG.sequence, integer(1), element(TAG.octetString, Buffer.from('x')), pdu);
  const answer = encodeMessage(honest.honest(decodeRequest(message)));
  const outer = elementAt(answer, 0, answer.length);
  const version = elementAt(answer, outer?.from ?? 0, answer.length);
  const community = elementAt(answer, version?.to ?? 0, answer.length);
  const response = elementAt(answer, community?.to ?? 0, answer.length);
  const id = elementAt(answer, response?.from ?? 0, answer.length);
  return answer.subarray(id?.to);
}

function answerCommunity(request: Buffer): Buffer {
  const outer = elementAt(request, 0, request.length);
  const version = elementAt(request, outer?.from ?? 0, request.length);
  const community = elementAt(request, version?.to ?? 0, request.length);
  const head = request.subarray(outer?.from ?? 0, community?.to);
  return element(TAG.sequence, head, respond(request.subarray(community?.to)));
}

function answerUser(request: Buffer, message: Received, engineId: Buffer, seconds: number): Buffer {
  const { id, userName } = message;
  const nothing = Buffer.alloc(0);
  const scoped = (pdu: Buffer): Buffer =>
    element(TAG.sequence, element(TAG.octetString, engineId), element(TAG.octetString, nothing), pdu);
  const envelope = { id, flags: 0, engineId, boots: BOOTS, seconds, userName, signature: nothing, salt: nothing };
  if ((message.flags & FLAG.authenticated) === 0) {
    // usmStatsUnknownEngineIDs
    const name = element(TAG.oid, Buffer.from('2b060106030f01010400', 'hex'));
    const list = element(TAG.sequence, element(TAG.sequence, name, element(TAG.counter32, Buffer.from([1]))));
    return encode(envelope, scoped(element(PDU.report, integer(id), integer(0), integer(0), list)));
  }
  const keys = keysOf(engineId);
  const plain = decrypt(request, message, USER, keys);
  const whole = elementAt(plain, 0, plain.length);
  const context = elementAt(plain, whole?.from ?? 0, plain.length);
  const name = elementAt(plain, context?.to ?? 0, plain.length);
  const secure = { ...envelope, flags: FLAG.authenticated | FLAG.encrypted, signature: Buffer.alloc(24) };
  const salted = { ...secure, salt: Buffer.alloc(8, id & 0xff) };
  const body = encrypt(scoped(respond(plain.subarray(name?.to))), salted, USER, keys);
  return sign(encode(salted, body), USER, keys);
}

const keys = new Map<string, ReturnType<KeyMaker['localized']>>();

function keysOf(engineId: Buffer): ReturnType<KeyMaker['localized']> {
  const known = keys.get(engineId.toString('hex')) ?? keyMaker.localized(USER, engineId);
  keys.set(engineId.toString('hex'), known);
  return known;
}

const began = performance.now();
const secondsSinceStart = (): number => Math.floor((performance.now() - began) / 1000);

function startAgent(index: number, address: string, bound: (port: number) => void): void {
  const socket = createSocket('udp4');
  const engineId = Buffer.from(`8000000004${index.toString(16).padStart(12, '0')}`, 'hex');
  socket.on('message', (request, remote) => {
    // Empty: somebody only wants to know whether anybody listens.
    if (request.length === 0) return;
    const message = decode(request);
    const reply =
      message === undefined
        ? answerCommunity(request)
        : answerUser(request, message, engineId, 1_000 + secondsSinceStart());
    socket.send(reply, remote.port, remote.address);
  });
  socket.bind(0, address, () => bound(socket.address().port));
}

if (first !== undefined) {
  pinGenerator();
  const tick = (): void => {
    honest = new ScriptedAgent(openwrtAt(secondsSinceStart()));
    answers.clear();
  };
  tick();
  setInterval(tick, 1000);
}
const ports: number[] = [];
let open = 0;
for (let i = 0; i < count; i++) {
  startAgent(i, first === undefined ? '127.0.0.1' : agentAddress(first + i), (port) => {
    ports[i] = port;
    if (++open === count) process.send?.(ports);
  });
}
process.on('disconnect', () => process.exit());
