import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Binding, decodeRequest, encode, type Message, oidValue, PDU, unsigned } from './ber';

export type Respond = (request: Message, honest: Message) => readonly (Buffer | Message)[];

const truthful: Respond = (_request, honest) => [honest];

/** An SNMP agent over a real socket. It answers from a list of objects, or as `respond` tells it to. */
export class ScriptedAgent {
  respond: Respond = truthful;
  silent = false;
  requests = 0;
  /** By their numbers: a question that is sent again because the machine was slow is the same one. */
  readonly questions = new Set<number>();
  /** Told the port of who asks. */
  onRemote: (port: number) => void = () => {};
  readonly #socket: Socket = createSocket('udp4');
  readonly #objects: readonly Binding[];
  readonly #byOid: ReadonlyMap<string, Binding>;

  constructor(objects: readonly Binding[]) {
    this.#objects = [...objects].sort((a, b) => compare(a.oid, b.oid));
    this.#byOid = new Map(objects.map((object) => [object.oid, object]));
  }

  async start(): Promise<number> {
    this.#socket.on('message', (datagram, remote) => {
      // Empty: the manager only wants to know whether anybody listens.
      if (this.silent || datagram.length === 0) return;
      this.requests++;
      this.onRemote(remote.port);
      const request = decodeRequest(datagram);
      this.questions.add(request.id);
      for (const reply of this.respond(request, this.honest(request))) {
        this.#socket.send(Buffer.isBuffer(reply) ? reply : encode(reply), remote.port, remote.address);
      }
    });
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return this.#socket.address().port;
  }

  stop(): void {
    this.#socket.close();
  }

  /** SNMPv1 has no values that say "there is none": the whole request fails, and the index says at which (RFC 1157 4.1.2). */
  static asVersion1(request: Message, honest: Message): Message {
    const missing = honest.bindings.findIndex(({ tag }) => tag >= 0x80);
    if (missing < 0) return honest;
    return { ...honest, status: 2, index: missing + 1, bindings: request.bindings };
  }

  honest(request: Message): Message {
    const bindings =
      request.pdu === PDU.getBulk || request.pdu === PDU.getNext
        ? this.#bulk(request.bindings, request.pdu === PDU.getNext ? 1 : request.index)
        : request.bindings.map(({ oid }) => this.#byOid.get(oid) ?? { oid, tag: 0x80, value: Buffer.alloc(0) });
    return { ...request, pdu: PDU.response, status: 0, index: 0, bindings };
  }

  #bulk(asked: readonly Binding[], repetitions: number): Binding[] {
    const cursors = asked.map(({ oid }) => oid);
    const found: Binding[] = [];
    for (let row = 0; row < repetitions; row++) {
      for (const [i, oid] of cursors.entries()) {
        const next = this.#objects.find((object) => compare(object.oid, oid) > 0);
        found.push(next ?? { oid, tag: 0x82, value: Buffer.alloc(0) });
        cursors[i] = next?.oid ?? oid;
      }
    }
    return found;
  }
}

/** Reads a walk in the form of snmpsim: `OID|tag|value` on each line, with `x` behind the tag of a value in hex. */
export function readWalk(file: string): Binding[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => {
      const [oid = '', type = '', ...rest] = line.split('|');
      const tag = Number.parseInt(type, 10);
      return {
        oid,
        tag,
        value: type.endsWith('x') ? Buffer.from(rest.join('|'), 'hex') : valueFrom(tag, rest.join('|')),
      };
    });
}

function valueFrom(tag: number, text: string): Buffer {
  switch (tag) {
    case 0x04:
      return Buffer.from(text);
    case 0x06:
      return oidValue(text);
    case 0x40:
      return Buffer.from(text.split('.').map(Number));
    default:
      return tag === 0x02 && text.startsWith('-') ? Buffer.from(Int8Array.of(Number(text))) : unsigned(BigInt(text));
  }
}

function compare(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (const [i, number] of left.entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    if (number !== other) return number - other;
  }
  return left.length - right.length;
}
