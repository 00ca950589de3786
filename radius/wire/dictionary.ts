/** How the value of an attribute is written (RFC 8044). `integer` and `time` are 32 bits without sign. */
type Form = 'text' | 'octets' | 'integer' | 'time' | 'address';

interface Definition {
  /** The vendor's private enterprise number; without it the attribute is one of the standard space. */
  readonly vendor?: number;
  readonly type: number;
  readonly form: Form;
  /** The only length in octets that the value may have, where the form does not say it. */
  readonly length?: number;
}

const WISPR = 14122;
const CHILLISPOT = 14559;
const MIKROTIK = 14988;

/** The attributes that we read or write; others pass by unread. */
export const DICTIONARY = {
  'User-Name': { type: 1, form: 'text' }, // RFC 2865 5.1
  'User-Password': { type: 2, form: 'octets' }, // RFC 2865 5.2
  'CHAP-Password': { type: 3, form: 'octets', length: 17 }, // RFC 2865 5.3
  'NAS-IP-Address': { type: 4, form: 'address' }, // RFC 2865 5.4
  'Filter-Id': { type: 11, form: 'text' }, // RFC 2865 5.11
  'Reply-Message': { type: 18, form: 'text' }, // RFC 2865 5.18
  Class: { type: 25, form: 'text' }, // RFC 2865 5.25
  'Vendor-Specific': { type: 26, form: 'octets' }, // RFC 2865 5.26
  'Session-Timeout': { type: 27, form: 'integer' }, // RFC 2865 5.27
  'Idle-Timeout': { type: 28, form: 'integer' }, // RFC 2865 5.28
  'Calling-Station-Id': { type: 31, form: 'text' }, // RFC 2865 5.31
  'NAS-Identifier': { type: 32, form: 'text' }, // RFC 2865 5.32
  'Proxy-State': { type: 33, form: 'octets' }, // RFC 2865 5.33
  'Acct-Status-Type': { type: 40, form: 'integer' }, // RFC 2866 5.1
  'Acct-Delay-Time': { type: 41, form: 'integer' }, // RFC 2866 5.2
  'Acct-Input-Octets': { type: 42, form: 'integer' }, // RFC 2866 5.3
  'Acct-Output-Octets': { type: 43, form: 'integer' }, // RFC 2866 5.4
  'Acct-Session-Id': { type: 44, form: 'text' }, // RFC 2866 5.5
  'Acct-Session-Time': { type: 46, form: 'integer' }, // RFC 2866 5.7
  'Acct-Input-Gigawords': { type: 52, form: 'integer' }, // RFC 2869 5.1
  'Acct-Output-Gigawords': { type: 53, form: 'integer' }, // RFC 2869 5.2
  'Event-Timestamp': { type: 55, form: 'time' }, // RFC 2869 5.3
  'CHAP-Challenge': { type: 60, form: 'octets' }, // RFC 2865 5.40
  'Tunnel-Type': { type: 64, form: 'integer' }, // RFC 2868 3.1; its first octet is the tag
  'Tunnel-Medium-Type': { type: 65, form: 'integer' }, // RFC 2868 3.2; its first octet is the tag
  'EAP-Message': { type: 79, form: 'octets' }, // RFC 3579 3.1
  'Message-Authenticator': { type: 80, form: 'octets', length: 16 }, // RFC 3579 3.2
  'Tunnel-Private-Group-Id': { type: 81, form: 'text' }, // RFC 2868 3.6; we send it without a tag
  'Acct-Interim-Interval': { type: 85, form: 'integer' }, // RFC 2869 5.16
  'Error-Cause': { type: 101, form: 'integer' }, // RFC 5176 3.5
  'WISPr-Bandwidth-Max-Up': { vendor: WISPR, type: 7, form: 'integer' }, // bit/s
  'WISPr-Bandwidth-Max-Down': { vendor: WISPR, type: 8, form: 'integer' }, // bit/s
  'ChilliSpot-Max-Total-Octets': { vendor: CHILLISPOT, type: 3, form: 'integer' },
  'ChilliSpot-Acct-View-Point': { vendor: CHILLISPOT, type: 10, form: 'integer' },
  'ChilliSpot-Max-Total-Gigawords': { vendor: CHILLISPOT, type: 23, form: 'integer' },
  'Mikrotik-Total-Limit': { vendor: MIKROTIK, type: 17, form: 'integer' }, // octets, both ways
  'Mikrotik-Total-Limit-Gigawords': { vendor: MIKROTIK, type: 18, form: 'integer' },
} as const satisfies Record<string, Definition>;

export type AttributeName = keyof typeof DICTIONARY;

/** The names of the attributes whose values have this form. */
export type NamesOf<F extends Form> = {
  [Name in AttributeName]: (typeof DICTIONARY)[Name]['form'] extends F ? Name : never;
}[AttributeName];

/** The vendor and type of an attribute; widened, so that callers need not know which attributes have a vendor. */
export function definitionOf(name: AttributeName): Definition {
  return DICTIONARY[name];
}

/** By attribute type: the only length in octets that its value may have, or 0 where any will do. */
export const LENGTHS: Uint8Array = (() => {
  const lengths = new Uint8Array(256);
  for (const { vendor, type, form, length } of Object.values<Definition>(DICTIONARY)) {
    if (vendor === undefined) lengths[type] = length ?? (form === 'text' || form === 'octets' ? 0 : 4);
  }
  return lengths;
})();
