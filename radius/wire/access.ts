import type { Acceptance } from '../../core/decide';
import type { GrantId } from '../../core/ids';
import { splitOctets } from '../../core/octets';
import { REJECT, type RejectReason } from '../../core/reasons';
import { INTERIM_SECONDS } from '../../core/rules';
import { type Attribute, integerAttribute, octetsAttribute, textAttribute } from './attributes';
import type { Packet } from './packet';
import { isChapResponse, isPaddedPassword, unhide } from './seal';

/** What an Access-Request asks, in our words. */
export interface AccessRequest {
  readonly username: string | undefined;
  /** The device's address in whatever form the gateway writes it. */
  readonly device: string | undefined;
  /** Whether the visitor proved to know this password; undefined if the request proves none. */
  readonly proves: ((password: string) => boolean) | undefined;
  /** What the device says by 802.1X: an EAP packet, or its beginning if several attributes carry it. */
  readonly eap: Buffer | undefined;
}

/**
 * Reads a verified Access-Request.
 * @returns undefined if its password is malformed or given in two ways [RFC 2865 4.1]
 */
export function readAccessRequest(packet: Packet, secret: Buffer): AccessRequest | undefined {
  const { attributes } = packet;
  const hidden = attributes.octets('User-Password');
  const response = attributes.octets('CHAP-Password');
  if (hidden !== undefined && response !== undefined) return undefined;
  let proves: AccessRequest['proves'];
  if (hidden !== undefined) {
    const padded = unhide(hidden, packet.authenticator, secret);
    if (padded === undefined) return undefined;
    proves = (password) => isPaddedPassword(padded, password);
  } else if (response !== undefined) {
    // Without a challenge of its own the request authenticator is the challenge [RFC 2865 2.2].
    const challenge = attributes.octets('CHAP-Challenge') ?? packet.authenticator;
    proves = (password) => isChapResponse(response, challenge, password);
  }
  return {
    username: attributes.text('User-Name'),
    device: attributes.text('Calling-Station-Id'),
    proves,
    eap: attributes.octets('EAP-Message'),
  };
}

/** How an Access-Accept calls things. */
interface Names {
  /** Comes back in accounting as Class. */
  readonly grantId: GrantId | undefined;
  /** What accounting shall use instead of the user name of the request. */
  readonly userName: string | undefined;
  /** Whose attributes limit the volume; there are none of a standard. */
  readonly vendor: 'ChilliSpot' | 'Mikrotik';
}

/** What an Access-Accept tells the gateway. */
export function writeAcceptance(acceptance: Acceptance, { grantId, userName, vendor }: Names): Attribute[] {
  const attributes = writeTimes(acceptance);
  if (grantId !== undefined) attributes.push(textAttribute('Class', grantId));
  if (userName !== undefined) attributes.push(textAttribute('User-Name', userName));
  attributes.push(...writeVolumes(acceptance, vendor));
  return attributes;
}

/** How long a session may last and when it is looked at; every kind of gateway understands these. */
export function writeTimes({ sessionTimeoutSeconds, idleTimeoutSeconds }: Acceptance): Attribute[] {
  return [
    integerAttribute('Session-Timeout', sessionTimeoutSeconds),
    integerAttribute('Idle-Timeout', idleTimeoutSeconds),
    integerAttribute('Acct-Interim-Interval', INTERIM_SECONDS),
  ];
}

/** How fast it may be, how much it may carry, and what it may not reach. */
export function writeVolumes(
  { upBitsPerSecond, downBitsPerSecond, remainingOctets, filters = [] }: Acceptance,
  vendor: 'ChilliSpot' | 'Mikrotik',
): Attribute[] {
  const attributes = filters.map((filter) => textAttribute('Filter-Id', filter));
  if (upBitsPerSecond !== undefined) attributes.push(integerAttribute('WISPr-Bandwidth-Max-Up', upBitsPerSecond));
  if (downBitsPerSecond !== undefined) attributes.push(integerAttribute('WISPr-Bandwidth-Max-Down', downBitsPerSecond));
  if (remainingOctets !== undefined) {
    const { low, gigawords } = splitOctets(remainingOctets);
    attributes.push(
      integerAttribute(vendor === 'Mikrotik' ? 'Mikrotik-Total-Limit' : 'ChilliSpot-Max-Total-Octets', low),
      integerAttribute(
        vendor === 'Mikrotik' ? 'Mikrotik-Total-Limit-Gigawords' : 'ChilliSpot-Max-Total-Gigawords',
        gigawords,
      ),
    );
  }
  return attributes;
}

const EAP_FAILURE = 4;

/**
 * What an Access-Reject tells: the reason as a sentence, for whoever reads the gateway's log; or the end of an EAP
 * conversation, beside which no sentence may stand [RFC 3579 2.6.5].
 */
export function writeRefusal(reason: RejectReason, eap?: Buffer): Attribute[] {
  if (eap !== undefined) return [octetsAttribute('EAP-Message', Buffer.from([EAP_FAILURE, eap[1] ?? 0, 0, 4]))];
  return [textAttribute('Reply-Message', REJECT[reason])];
}
