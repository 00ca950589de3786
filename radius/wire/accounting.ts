import { type GrantId, isWord } from '../../core/ids';
import { type Octets, octetsFrom } from '../../core/octets';
import type { Attributes } from './attributes';
import type { Packet } from './packet';

export const ACCOUNTING_STATUSES = ['start', 'interim', 'stop', 'on', 'off'] as const;
export type AccountingStatus = (typeof ACCOUNTING_STATUSES)[number];

/** Acct-Status-Type [RFC 2866 5.1]; the others (tunnels, failed) we do not keep. */
const STATUS: ReadonlyMap<number | undefined, AccountingStatus> = new Map([
  [1, 'start'],
  [2, 'stop'],
  [3, 'interim'],
  [7, 'on'],
  [8, 'off'],
]);

/** From whose side a gateway names its counters: RFC 2866 takes the network's, CoovaChilli the visitor's. */
export type ViewPoint = 'network' | 'visitor';
const VISITORS_VIEW = 2;

/** What an Accounting-Request reports, in our words. What the gateway leaves out is undefined. */
export interface AccountingReport {
  readonly status: AccountingStatus;
  readonly sessionId: string | undefined;
  /** The device's address in whatever form the gateway writes it. */
  readonly device: string | undefined;
  readonly grantId: GrantId | undefined;
  /** Only if it is a word of ours; gateways also write device addresses there. */
  readonly username: string | undefined;
  /** For how many seconds the gateway has been trying to send this. */
  readonly delaySeconds: number;
  /** When it happened by the gateway's clock, in seconds since 1970. */
  readonly eventSeconds: number | undefined;
  readonly seconds: number | undefined;
  readonly downloadOctets: Octets | undefined;
  readonly uploadOctets: Octets | undefined;
}

/**
 * Reads a verified Accounting-Request.
 * @param viewPoint  whose side the gateway's kind takes where the packet does not say
 * @returns undefined if it has no status that we keep
 */
export function readAccounting({ attributes }: Packet, viewPoint: ViewPoint): AccountingReport | undefined {
  const status = STATUS.get(attributes.integer('Acct-Status-Type'));
  if (status === undefined) return undefined;
  const username = attributes.text('User-Name');
  const input = counter(attributes, 'Acct-Input-Octets', 'Acct-Input-Gigawords');
  const output = counter(attributes, 'Acct-Output-Octets', 'Acct-Output-Gigawords');
  const said = attributes.integer('ChilliSpot-Acct-View-Point');
  const isVisitors = said === undefined ? viewPoint === 'visitor' : said === VISITORS_VIEW;
  return {
    status,
    sessionId: attributes.text('Acct-Session-Id') || undefined,
    device: attributes.text('Calling-Station-Id'),
    grantId: attributes.text('Class') || undefined,
    username: username !== undefined && isWord(username) ? username : undefined,
    delaySeconds: attributes.integer('Acct-Delay-Time') ?? 0,
    eventSeconds: attributes.integer('Event-Timestamp'),
    seconds: attributes.integer('Acct-Session-Time'),
    downloadOctets: isVisitors ? input : output,
    uploadOctets: isVisitors ? output : input,
  };
}

function counter(
  attributes: Attributes,
  low: 'Acct-Input-Octets' | 'Acct-Output-Octets',
  gigawords: 'Acct-Input-Gigawords' | 'Acct-Output-Gigawords',
): Octets | undefined {
  const octets = attributes.integer(low);
  return octets === undefined ? undefined : octetsFrom(octets, attributes.integer(gigawords) ?? 0);
}
