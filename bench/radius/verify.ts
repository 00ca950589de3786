import { AUTHENTICATOR_AT, HEADER_OCTETS, parsePacket } from '../../radius/wire/packet';
import { hmacMd5, md5 } from '../../runtime/md5';
import type { Verify } from './load';

/** Checks an answer's type, its authenticator and, where it must be signed, its signature. */
export function verifier(code: number, signed: boolean, secret: Buffer): Verify {
  return (octets, request) => {
    const reply = parsePacket(octets);
    if (reply?.code !== code || reply.identifier !== request[1]) return false;
    const asked = request.subarray(AUTHENTICATOR_AT, HEADER_OCTETS);
    const head = octets.subarray(0, AUTHENTICATOR_AT);
    if (!md5(head, asked, octets.subarray(HEADER_OCTETS), secret).equals(reply.authenticator)) return false;
    const at = reply.messageAuthenticatorAt;
    if (at === undefined) return !signed;
    const parts = [head, asked, octets.subarray(HEADER_OCTETS, at), Buffer.alloc(16), octets.subarray(at + 16)];
    return hmacMd5(secret, ...parts).equals(octets.subarray(at, at + 16));
  };
}

/** What an echo sends back. */
export const isEcho: Verify = (reply, request) => reply.equals(request);
