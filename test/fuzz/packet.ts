import { createHash, createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join as path } from 'node:path';
import { packageRoot } from '../../runtime/package-root';

/**
 * RADIUS as the fuzzer understands it: written from the RFCs for this purpose and sharing nothing with radius/wire, so
 * that a mistake there is not repeated here.
 */

export const HEADER = 20;
export const SIGNATURE = 80;
const PROXY_STATE = 33;
const MAX_LENGTH = 4096;

/** A packet that gateways send, the starting point of mutations. */
export interface Seed {
  readonly what: string;
  readonly port: 'authentication' | 'accounting';
  readonly octets: Buffer;
}

/** The files of test/fixtures/radius/corpus. */
export function readCorpus(): Seed[] {
  const folder = path(packageRoot, 'test/fixtures/radius/corpus');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .flatMap((file) => {
      const lines = readFileSync(path(folder, file), 'utf8').split('\n');
      return lines.flatMap((line, i) => {
        const [port = '', hex = ''] = line.split(' ');
        if (port !== 'authentication' && port !== 'accounting') return [];
        return [{ what: `${file}: ${lines[i - 1]?.slice(2)}`, port, octets: Buffer.from(hex, 'hex') }];
      });
    });
}

export interface Field {
  readonly type: number;
  readonly value: Buffer;
}

/** The attributes; as many as can be read. */
export function fieldsOf(octets: Buffer): Field[] {
  const fields: Field[] = [];
  for (let at = HEADER; at + 2 <= octets.length; ) {
    const length = octets[at + 1] ?? 0;
    if (length < 2 || at + length > octets.length) break;
    fields.push({ type: octets[at] ?? 0, value: octets.subarray(at + 2, at + length) });
    at += length;
  }
  return fields;
}

/** Header and attributes; what does not fit into a packet is left out. */
export function join(header: Buffer, fields: readonly Field[]): Buffer {
  const parts: Buffer[] = [Buffer.from(header.subarray(0, HEADER))];
  let length = HEADER;
  for (const { type, value } of fields) {
    const cut = value.subarray(0, 253);
    if (length + 2 + cut.length > MAX_LENGTH) break;
    parts.push(Buffer.from([type, 2 + cut.length]), cut);
    length += 2 + cut.length;
  }
  const octets = Buffer.concat(parts);
  octets.writeUInt16BE(length, 2);
  return octets;
}

const hmac = (secret: Buffer, octets: Buffer): Buffer => createHmac('md5', secret).update(octets).digest();

/**
 * May this request be answered at all? Well-formed [RFC 2865 3, 5], of a code that is a request, and proven to come from
 * someone who knows the secret [RFC 2866 3, RFC 3579 3.2, RFC 5997 3].
 */
export function isAuthentic(datagram: Buffer, secret: Buffer): boolean {
  const packet = framed(datagram);
  if (packet === undefined) return false;
  const fields = fieldsOf(packet);
  const size = fields.reduce((sum, { value }) => sum + 2 + value.length, HEADER);
  const signatures = fields.filter(({ type }) => type === SIGNATURE);
  if (size !== packet.length || signatures.length > 1) return false;

  const [signature] = signatures;
  const blank = join(
    packet,
    fields.map((field) => (field === signature ? { type: SIGNATURE, value: Buffer.alloc(16) } : field)),
  );
  const accounting = packet[0] === 4;
  if (accounting) blank.fill(0, 4, HEADER);
  const signed = signature !== undefined && hmac(secret, blank).equals(signature.value);
  if (packet[0] === 1 || packet[0] === 12) return signed;
  if (!accounting || (signature !== undefined && !signed)) return false;
  const zeroed = Buffer.from(packet).fill(0, 4, HEADER);
  return createHash('md5').update(zeroed).update(secret).digest().equals(packet.subarray(4, HEADER));
}

/** The packet without its padding; undefined if its Length or one of an attribute cannot be. */
function framed(datagram: Buffer): Buffer | undefined {
  if (datagram.length < HEADER) return undefined;
  const length = datagram.readUInt16BE(2);
  return length < HEADER || length > MAX_LENGTH || length > datagram.length ? undefined : datagram.subarray(0, length);
}

/** Was this reply made for this request, by someone who knows the secret? [RFC 2865 3] */
export function belongs(reply: Buffer, request: Buffer, secret: Buffer): boolean {
  if (reply.length < HEADER || reply[1] !== request[1] || reply.readUInt16BE(2) !== reply.length) return false;
  const asked = Buffer.from(reply);
  request.copy(asked, 4, 4, HEADER);
  return createHash('md5').update(asked).update(secret).digest().equals(reply.subarray(4, HEADER));
}

/** What is wrong with a reply that belongs to the request, or undefined. */
export function faultOf(reply: Buffer, datagram: Buffer, secret: Buffer): string | undefined {
  const request = framed(datagram) ?? datagram;
  const codes = new Map([
    [1, [2, 3]],
    [4, [5]],
    [12, [2, 5]],
  ]);
  if (!codes.get(request[0] ?? 0)?.includes(reply[0] ?? 0)) return `code ${reply[0]} for code ${request[0]}`;
  const fields = fieldsOf(reply);
  const states = (of: readonly Field[]): string =>
    of.flatMap(({ type, value }) => (type === PROXY_STATE ? [value.toString('hex')] : [])).join();
  if (states(fields) !== states(fieldsOf(request))) return 'Proxy-State are not those of the request [RFC 2865 5.33]';
  const at = fields.findIndex(({ type }) => type === SIGNATURE);
  if (request[0] === 4) return at < 0 ? undefined : 'an Accounting-Response is signed';
  if (at !== 0) return 'the Message-Authenticator is not the first attribute';
  const asked = Buffer.from(reply).fill(0, HEADER + 2, HEADER + 18);
  request.copy(asked, 4, 4, HEADER);
  return fields[0]?.value.equals(hmac(secret, asked)) ? undefined : 'the Message-Authenticator is wrong';
}
