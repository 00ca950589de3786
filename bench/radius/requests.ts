import { randomBytes } from 'node:crypto';
import { type Attribute, integerAttribute, octetsAttribute, textAttribute } from '../../radius/wire/attributes';
import { CODE } from '../../radius/wire/packet';
import { accountingRequest, hide, signedRequest } from '../../test/radius/client';

/** Requests as hostapd sends them, ready-made, so that making them costs nothing while it is measured. */

export const SECRET = Buffer.from('only-for-measuring-9xQ2m');

const SERVICE_TYPE = 6;
const CALLED_STATION_ID = 30;
const NAS_IDENTIFIER = 32;
const NAS_PORT_TYPE = 61;

/** The address of a device, as MAC authentication writes it. */
export function deviceOf(index: number): string {
  return `02fa${index.toString(16).padStart(8, '0')}`;
}

function number(type: number, value: number): Attribute {
  return { type, value };
}

function text(type: number, value: string): Attribute {
  return { type, value: Buffer.from(value) };
}

const GATEWAY = [
  text(CALLED_STATION_ID, 'DE-3C-70-95-19-7B:Freies WLAN'),
  text(NAS_IDENTIFIER, 'gw-platz'),
  number(NAS_PORT_TYPE, 19),
];

/** MAC authentication by PAP, signed; about 150 octets. */
export function accessRequestOf(identifier: number, device: string): Buffer {
  const authenticator = randomBytes(16);
  const attributes = [
    textAttribute('User-Name', device),
    octetsAttribute('User-Password', hide(device, authenticator, SECRET)),
    textAttribute('Calling-Station-Id', device.toUpperCase().replace(/..(?=.)/g, '$&-')),
    number(SERVICE_TYPE, 10),
    ...GATEWAY,
  ];
  return signedRequest(CODE.accessRequest, identifier, attributes, SECRET, authenticator);
}

/** Start, four Interims, Stop [Acct-Status-Type, RFC 2866 5.1]. */
const STEPS = [1, 3, 3, 3, 3, 2];
/** Sessions that take each step one after the other. */
const CONCURRENT = 256;
/** Records of as many sessions, from beginning to end. */
const RECORDS = CONCURRENT * STEPS.length;

/**
 * From where on sessions begin that nobody has heard of. What is measured begins there each time: records that were made
 * and not sent leave sessions behind of which the next ones told without a Start.
 */
export function nextSessions(n: number): number {
  return Math.ceil(n / RECORDS) * RECORDS;
}

/**
 * The nth record of a town in which 256 sessions at a time begin, report and end; about 200 octets. A step lasts a second,
 * about what passes here: if it said more, each report would begin another life of its session, which no gateway sends.
 */
export function accountingRequestOf(identifier: number, n: number, devices: number): Buffer {
  const step = Math.floor(n / CONCURRENT) % STEPS.length;
  const session = Math.floor(n / CONCURRENT / STEPS.length) * CONCURRENT + (n % CONCURRENT);
  const device = deviceOf(session % devices);
  const attributes = [
    integerAttribute('Acct-Status-Type', STEPS[step] ?? 3),
    textAttribute('Acct-Session-Id', session.toString(16).toUpperCase().padStart(16, '0')),
    textAttribute('User-Name', device),
    textAttribute('Calling-Station-Id', device.toUpperCase().replace(/..(?=.)/g, '$&-')),
    integerAttribute('Acct-Session-Time', step),
    integerAttribute('Acct-Input-Octets', step * 1_000_000),
    integerAttribute('Acct-Output-Octets', step * 20_000_000),
    integerAttribute('Acct-Input-Gigawords', 0),
    integerAttribute('Acct-Output-Gigawords', 0),
    integerAttribute('Acct-Delay-Time', 0),
    ...GATEWAY,
  ];
  return accountingRequest(identifier, attributes, SECRET);
}
