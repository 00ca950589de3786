import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { readWalk, ScriptedAgent } from '../../test/controller/agent';
import { decodeRequest, encode } from '../../test/controller/ber';

/**
 * The child process of bench/controller.ts: SNMP agents that answer from memory, so that they are faster than who asks.
 * An answer is worked out once and then only gets the request's id. The ports go to the parent as a message.
 */

const AGENTS = 50;
const honest = new ScriptedAgent(readWalk(join(__dirname, '../../test/controller/fixtures/openwrt.snmprec')));

/** What follows the request-id in an answer, by what follows it in the request. */
const answers = new Map<string, Buffer>();

function answer(request: Buffer): Buffer {
  const id = idOf(request);
  const key = request.toString('latin1', id.to);
  let rest = answers.get(key);
  if (rest === undefined) {
    const whole = encode(honest.honest(decodeRequest(request)));
    rest = whole.subarray(idOf(whole).to);
    answers.set(key, rest);
  }
  const body = id.to - id.from + rest.length;
  const message = id.head.length + 4 + body;
  const lengths = [0x30, 0x82, message >> 8, message & 0xff];
  const pdu = [0xa2, 0x82, body >> 8, body & 0xff];
  return Buffer.concat([Buffer.from(lengths), id.head, Buffer.from(pdu), request.subarray(id.from, id.to), rest]);
}

/** Where the request-id lies, and the version and community before its PDU. */
function idOf(bytes: Buffer): { head: Buffer; from: number; to: number } {
  const start = afterLength(bytes, 0);
  const community = start + 3;
  const pdu = community + 2 + bytes.readUInt8(community + 1);
  const from = afterLength(bytes, pdu);
  return { head: bytes.subarray(start, pdu), from, to: from + 2 + bytes.readUInt8(from + 1) };
}

function afterLength(bytes: Buffer, at: number): number {
  const short = bytes.readUInt8(at + 1);
  return at + 2 + (short > 0x7f ? short & 0x7f : 0);
}

const ports: number[] = [];
for (let i = 0; i < AGENTS; i++) {
  const socket = createSocket('udp4');
  socket.on('message', (request, remote) => socket.send(answer(request), remote.port, remote.address));
  socket.bind(0, '127.0.0.1', () => {
    ports.push(socket.address().port);
    if (ports.length === AGENTS) process.send?.(ports);
  });
}
process.on('disconnect', () => process.exit());
