import { parsePacket } from './packet';

/** The name by which the sender of a datagram calls itself; nothing proves it yet [RFC 2865 5.32]. */
export function nasIdentifierOf(datagram: Buffer): string | undefined {
  return parsePacket(datagram)?.attributes.text('NAS-Identifier');
}
