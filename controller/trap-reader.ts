import type { SnmpAccess } from '../config/snmp';
import type { TrapResult } from '../core/reasons';
import { TAG } from './probe/snmp-ber';
import type { KeyMaker } from './probe/snmp-keys';
import { elementAt, elementOf, integerOf, type Pdu, readPdu } from './probe/snmp-reader';
import { readScoped } from './probe/snmp-user';
import { decode, decrypt, FLAG, isSigned } from './probe/snmp-v3-message';

/** SNMPv2-Trap-PDU (RFC 3416 3). */
const TRAP = 0xa7;
/** snmpTrapOID.0, 1.3.6.1.6.3.1.1.4.1.0, as it is encoded. */
const SNMP_TRAP_OID = '2b060106030101040100';
/** RFC 3418: what says that an access point started, or that one of its interfaces changed. */
const TELLING = new Set([
  '1.3.6.1.6.3.1.1.5.1', // coldStart
  '1.3.6.1.6.3.1.1.5.2', // warmStart
  '1.3.6.1.6.3.1.1.5.3', // linkDown
  '1.3.6.1.6.3.1.1.5.4', // linkUp
]);
const V2C = 1;
const V3 = 3;
const SECURE = FLAG.authenticated | FLAG.encrypted;

/**
 * Reads a trap of an access point: with the community or the user with which we ask it, never less. A recorded trap that
 * is sent again looks true, because nothing here keeps the time of agents; it only costs a poll.
 */
export function readTrap(datagram: Buffer, access: SnmpAccess, keys: KeyMaker): TrapResult {
  const message = elementOf(TAG.sequence, datagram, 0, datagram.length);
  if (message === undefined || message.to !== datagram.length) return 'malformed';
  const version = integerOf(datagram, elementAt(datagram, message.from, message.to));
  if (version === undefined) return 'malformed';
  if (version === V2C && access.version === 'v2c') return byCommunity(datagram, access.community.reveal());
  if (version === V3 && access.version === 'v3') return byUser(datagram, access, keys);
  return 'refused';
}

function byCommunity(datagram: Buffer, community: string): TrapResult {
  const message = elementOf(TAG.sequence, datagram, 0, datagram.length);
  const version = message && elementAt(datagram, message.from, message.to);
  const name = message && version && elementOf(TAG.octetString, datagram, version.to, message.to);
  if (message === undefined || name === undefined) return 'malformed';
  if (!datagram.subarray(name.from, name.to).equals(Buffer.from(community))) return 'refused';
  const body = elementAt(datagram, name.to, message.to);
  if (body === undefined || body.to !== message.to) return 'malformed';
  return body.tag === TRAP ? resultOf(readPdu(datagram, body)) : 'other';
}

function byUser(datagram: Buffer, access: SnmpAccess & { version: 'v3' }, keys: KeyMaker): TrapResult {
  const message = decode(datagram);
  if (message === undefined) return 'malformed';
  const user = {
    name: access.user,
    authentication: access.authentication,
    authPassword: access.authPassword.reveal(),
    privacy: access.privacy,
    privacyPassword: access.privacyPassword.reveal(),
  };
  if ((message.flags & SECURE) !== SECURE || message.userName.toString() !== user.name) return 'refused';
  // The sender of a trap is the authority (RFC 3412 6.4), so the keys are made for the engine that it names.
  const localized = keys.localized(user, message.engineId);
  if (!isSigned(datagram, message, user, localized)) return 'refused';
  if (message.body.tag !== TAG.octetString || message.salt.length !== 8) return 'malformed';
  const plain = decrypt(datagram, message, user, localized);
  const whole = elementOf(TAG.sequence, plain, 0, plain.length);
  const pdu = whole?.to === plain.length ? readScoped(plain, whole) : undefined;
  return pdu === undefined || pdu.type === TRAP ? resultOf(pdu) : 'other';
}

/** The second binding of a trap says what happened (RFC 3416 4.2.6). */
function resultOf(pdu: Pdu | undefined): TrapResult {
  if (pdu === undefined) return 'malformed';
  const what = pdu.bindings.find(({ name }) => name.toString('hex') === SNMP_TRAP_OID)?.value;
  if (typeof what !== 'string') return 'malformed';
  return TELLING.has(what) ? 'taken' : 'other';
}
