import { element, integer, PDU, pduBytes, type Question, TAG } from './snmp-ber';
import { elementAt, elementOf, integerOf, readPdu } from './snmp-reader';
import type { Opened, Security } from './snmp-security';

const VERSIONS = { v1: 0, v2c: 1 } as const;

/** A request made once; for each sending only its id is written into a copy. */
interface Template {
  readonly bytes: Buffer;
  readonly idAt: number;
}

/** Stands where the id goes until it is found; the head is not searched. */
const PLACE = 0x7e5a_c36d;

/**
 * Messages of SNMP v1 and v2c (RFC 1157, RFC 1901): whoever knows the community may ask, and whoever can write on the
 * wire can lie. One object serves all agents with the same community.
 */
export class CommunitySecurity implements Security {
  readonly hasBulk: boolean;
  readonly #version: number;
  readonly #community: Buffer;
  readonly #head: Buffer;
  readonly #templates = new WeakMap<object, Template>();

  constructor(version: keyof typeof VERSIONS, community: string) {
    this.hasBulk = version === 'v2c';
    this.#version = VERSIONS[version];
    this.#community = Buffer.from(community);
    this.#head = Buffer.concat([integer(this.#version), element(TAG.octetString, this.#community)]);
  }

  seal(question: Question, id: number): Buffer {
    let template = this.#templates.get(question);
    if (template === undefined) {
      const bytes = element(TAG.sequence, this.#head, pduBytes(question, PLACE));
      const place = Buffer.allocUnsafe(4);
      place.writeInt32BE(PLACE);
      template = { bytes, idAt: bytes.indexOf(place, this.#head.length) };
      this.#templates.set(question, template);
    }
    const bytes = Buffer.from(template.bytes);
    bytes.writeInt32BE(id, template.idAt);
    return bytes;
  }

  open(datagram: Buffer, id: number): Opened {
    const message = elementOf(TAG.sequence, datagram, 0, datagram.length);
    if (message === undefined || message.to !== datagram.length) return MALFORMED;
    const version = elementAt(datagram, message.from, message.to);
    const number = integerOf(datagram, version);
    if (version === undefined || number === undefined) return MALFORMED;
    if (number !== this.#version) return { kind: 'ignored', reason: 'wrong-version' };
    const name = elementOf(TAG.octetString, datagram, version.to, message.to);
    if (name === undefined) return MALFORMED;
    if (!this.#isCommunity(datagram, name.from, name.to)) return { kind: 'ignored', reason: 'wrong-community' };
    const body = elementAt(datagram, name.to, message.to);
    if (body === undefined || body.to !== message.to) return MALFORMED;
    if (body.tag !== PDU.response) return { kind: 'ignored', reason: 'wrong-type' };
    const pdu = readPdu(datagram, body);
    if (pdu === undefined) return MALFORMED;
    return pdu.id === id ? { kind: 'response', pdu } : { kind: 'ignored', reason: 'unasked' };
  }

  #isCommunity(datagram: Buffer, from: number, to: number): boolean {
    const { length } = this.#community;
    return to - from === length && datagram.compare(this.#community, 0, length, from, to) === 0;
  }
}

const MALFORMED: Opened = { kind: 'ignored', reason: 'malformed' };
