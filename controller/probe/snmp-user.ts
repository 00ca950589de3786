import type { IgnoredReason, MissReason } from '../../core/reasons';
import type { Clock } from '../../runtime/clock';
import type { Random } from '../../runtime/random';
import { bindingList, element, PDU, pduBytes, type Question, TAG } from './snmp-ber';
import { Engine } from './snmp-engine';
import { AUTHENTICATION, type KeyMaker, type User } from './snmp-keys';
import { type Element, elementAt, elementOf, oidText, type Pdu, readPdu } from './snmp-reader';
import type { Opened, Security } from './snmp-security';
import { decode, decrypt, encode, encrypt, FLAG, isSigned, type Received, sign } from './snmp-v3-message';

/** Counters that an agent reports instead of an answer (RFC 3414 5). */
const REPORT: Readonly<Record<string, 'level' | 'time' | 'engine'>> = {
  '1.3.6.1.6.3.15.1.1.1.0': 'level', // usmStatsUnsupportedSecLevels
  '1.3.6.1.6.3.15.1.1.2.0': 'time', // usmStatsNotInTimeWindows
  '1.3.6.1.6.3.15.1.1.3.0': 'level', // usmStatsUnknownUserNames
  '1.3.6.1.6.3.15.1.1.4.0': 'engine', // usmStatsUnknownEngineIDs
  '1.3.6.1.6.3.15.1.1.5.0': 'level', // usmStatsWrongDigests
  '1.3.6.1.6.3.15.1.1.6.0': 'level', // usmStatsDecryptionErrors
};

const NOTHING = Buffer.alloc(0);
const DISCOVERY: Question = { type: PDU.get, list: bindingList([]), repetitions: 0 };
const SECURE = FLAG.authenticated | FLAG.encrypted;
const SALT_OCTETS = 8;

export interface UserContext {
  readonly keys: KeyMaker;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Messages of SNMPv3 to one agent, always signed and encrypted (RFC 3412, RFC 3414). Only a signed and encrypted
 * Response is believed. An unsigned message may at most tell the agent's id, which has to be told unsigned.
 */
export class UserSecurity implements Security {
  readonly hasBulk = true;
  readonly #user: User;
  readonly #name: Buffer;
  readonly #context: UserContext;
  #engine: Engine | undefined;

  constructor(user: User, context: UserContext) {
    this.#user = user;
    this.#name = Buffer.from(user.name);
    this.#context = context;
  }

  seal(question: Question, id: number): Buffer {
    const engine = this.#engine;
    if (engine === undefined) {
      const flags = FLAG.reportable;
      const unknown = { engineId: NOTHING, boots: 0, seconds: 0, userName: NOTHING, signature: NOTHING, salt: NOTHING };
      return encode({ id, flags, ...unknown }, scoped(NOTHING, pduBytes(DISCOVERY, id)));
    }
    const envelope = {
      id,
      flags: SECURE | FLAG.reportable,
      engineId: engine.id,
      ...engine.time,
      userName: this.#name,
      signature: Buffer.alloc(AUTHENTICATION[this.#user.authentication].octets),
      salt: this.#context.random.bytes(SALT_OCTETS),
    };
    const plain = scoped(engine.id, pduBytes(question, id));
    return sign(encode(envelope, encrypt(plain, envelope, this.#user, engine.keys)), this.#user, engine.keys);
  }

  open(datagram: Buffer, id: number): Opened {
    const message = decode(datagram);
    if (message === undefined) return ignored(versionOf(datagram) === 3 ? 'malformed' : 'wrong-version');
    if (message.id !== id) return ignored('unasked');
    if ((message.flags & FLAG.authenticated) === 0) return this.#unsigned(datagram, message);
    const engine = this.#engine;
    const isOurs = engine !== undefined && message.engineId.equals(engine.id) && message.userName.equals(this.#name);
    if (!isOurs || !isSigned(datagram, message, this.#user, engine.keys)) return ignored('unauthentic');
    return (message.flags & FLAG.encrypted) === 0
      ? this.#signedReport(datagram, message, engine)
      : this.#secure(datagram, message, engine, id);
  }

  #secure(datagram: Buffer, message: Received, engine: Engine, id: number): Opened {
    if (message.body.tag !== TAG.octetString || message.salt.length !== SALT_OCTETS) return ignored('malformed');
    if (!engine.follow(message)) return ignored('out-of-time');
    const plain = decrypt(datagram, message, this.#user, engine.keys);
    const whole = elementAt(plain, 0, plain.length);
    const pdu = whole?.to === plain.length ? readScoped(plain, whole) : undefined;
    if (pdu === undefined) return ignored('malformed');
    if (pdu.type !== PDU.response) return ignored('wrong-type');
    return pdu.id === id ? { kind: 'response', pdu } : ignored('unasked');
  }

  /** Signed but readable: only the report that our idea of the agent's time is wrong comes so. */
  #signedReport(datagram: Buffer, message: Received, engine: Engine): Opened {
    const report = reportOf(datagram, message);
    if (report !== 'time') return ignored('unauthentic', report === 'level' ? 'access-refused' : undefined);
    // It carries the number of this request, which nobody could know before: no recording.
    engine.reset(message);
    return { kind: 'again' };
  }

  /** Readable and unsigned: anybody may have sent it. */
  #unsigned(datagram: Buffer, message: Received): Opened {
    const report = reportOf(datagram, message);
    const { engineId } = message;
    if (report === 'engine' && isEngineId(engineId) && !this.#engine?.id.equals(engineId)) {
      const id = Buffer.from(engineId);
      this.#engine = new Engine(id, this.#context.keys.localized(this.#user, id), message, this.#context.clock);
      return { kind: 'again' };
    }
    return report === 'level' ? ignored('unauthentic', 'access-refused') : ignored('unauthentic');
  }
}

function ignored(reason: IgnoredReason, hint?: MissReason): Opened {
  return { kind: 'ignored', reason, ...(hint !== undefined && { hint }) };
}

/** RFC 3411 5, SnmpEngineID. */
function isEngineId(id: Buffer): boolean {
  return id.length >= 5 && id.length <= 32;
}

function versionOf(datagram: Buffer): number | undefined {
  // Behind the head of the message, which is two to four octets long.
  const short = datagram[1] ?? 0;
  const at = short > 0x7f ? 2 + (short & 0x7f) : 2;
  return datagram[at] === TAG.integer && datagram[at + 1] === 1 ? datagram[at + 2] : 3;
}

function scoped(engineId: Buffer, pdu: Buffer): Buffer {
  return element(TAG.sequence, element(TAG.octetString, engineId), element(TAG.octetString, NOTHING), pdu);
}

/** A scoped PDU that fills this part of a message. */
export function readScoped(bytes: Buffer, { tag, from, to }: Element): Pdu | undefined {
  if (tag !== TAG.sequence) return undefined;
  const engineId = elementOf(TAG.octetString, bytes, from, to);
  const name = engineId && elementOf(TAG.octetString, bytes, engineId.to, to);
  const pdu = name && elementAt(bytes, name.to, to);
  return pdu === undefined || pdu.to !== to ? undefined : readPdu(bytes, pdu);
}

function reportOf(datagram: Buffer, { body }: Received): 'level' | 'time' | 'engine' | undefined {
  const pdu = readScoped(datagram, body);
  const first = pdu?.type === PDU.report ? pdu.bindings[0] : undefined;
  return first && REPORT[oidText(first.name)];
}
