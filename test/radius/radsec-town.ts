import { integerAttribute, textAttribute } from '../../radius/wire/attributes';
import { CODE, encodePacket } from '../../radius/wire/packet';
import { md5 } from '../../runtime/md5';
import type { Pair } from './certificates';
import { accountingRequest, signedRequest } from './client';
import { Town } from './town';

/** Inside TLS everybody has this secret [RFC 6614 2.3]. */
export const RADSEC = Buffer.from('radsec');
export const PSK = '2f8be6a05c01e8d29d3f6a0c5b7e4128';

/** What the gateways would use outside. */
export const UDP_SECRET = Buffer.from('only-for-these-vectors-4wP');
const uam = { address: '127.0.0.1' };

/**
 * Three gateways without any address: two with certificates, one with a pre-shared key.
 * @param library  changes how gw-bibliothek proves itself
 * @param townHall  adds to the `radius` block of gw-rathaus
 */
export function radsecGateways(library: object = {}, townHall: object = {}): object[] {
  const secret = UDP_SECRET.toString();
  return [
    {
      id: 'gw-rathaus',
      kind: 'uspot',
      site: 'rathaus',
      uam,
      radius: { secret, tls: { certificateName: 'rathaus' }, ...townHall },
    },
    {
      id: 'gw-bibliothek',
      kind: 'coovachilli',
      site: 'bibliothek',
      uam,
      radius: { secret, tls: { certificateName: 'bibliothek.example', ...library } },
    },
    {
      id: 'gw-alt',
      kind: 'uspot',
      site: 'rathaus',
      uam,
      radius: { secret, tls: { psk: { identity: 'gw-alt', key: PSK } } },
    },
  ];
}

/** The `radius` section: a listener that shows `own` and wants certificates of `authority`. */
export function radsecSection(authority: { readonly certificate: string }, own: Pair): object {
  const certificates = { ...own, clientAuthority: authority.certificate };
  return {
    host: '127.0.0.1',
    authenticationPort: 0,
    accountingPort: 0,
    radsec: { host: '127.0.0.1', port: 0, certificates },
  };
}

export function openRadsecTown(
  authority: { readonly certificate: string },
  own: Pair,
  wrap?: Parameters<typeof Town.open>[0],
): Promise<Town> {
  return Town.open(wrap, { radius: radsecSection(authority, own), gateways: radsecGateways() });
}

export const status = (identifier = 1) => signedRequest(CODE.statusServer, identifier, [], RADSEC);
export const started = (identifier: number, sessionId: string) =>
  accountingRequest(
    identifier,
    [integerAttribute('Acct-Status-Type', 1), textAttribute('Acct-Session-Id', sessionId)],
    RADSEC,
  );

/** A Disconnect-ACK or CoA-ACK; it is made like the answer to accounting. */
export function acknowledge(order: Buffer, secret: Buffer, code: 41 | 44 = 41): Buffer {
  const reply = encodePacket(code, order[1] ?? 0, order.subarray(4, 20), []);
  reply.set(md5(reply, secret), 4);
  return reply;
}
