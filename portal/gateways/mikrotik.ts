import { z } from 'zod';
import type { MikrotikGateway } from '../../config/schema';
import { DeviceAddress } from '../../core/mac';
import { md5 } from '../../runtime/md5';
import type { FindAccessPoint } from './access-points';
import { type Admission, type GatewayAdapter, type Recognised, type Redirect, type Visit, webAddress } from './gateway';

/** A byte string as the router writes it into its pages: each octet a backslash and three octal digits. */
const OCTAL = /^(?:\\[0-3][0-7]{2})+$/;
const CHALLENGE_OCTETS = 16;

const parameters = z.object({
  'link-login-only': z.string().max(500),
  mac: z.string().max(17),
  'chap-id': z.string().max(4).optional(),
  'chap-challenge': z
    .string()
    .max(4 * CHALLENGE_OCTETS)
    .optional(),
});

/**
 * The hotspot of MikroTik's RouterOS. Its login.html, which deploy/mikrotik has, sends the browser here with what the
 * router would ask for; the browser then logs in at the router, which asks our RADIUS server.
 */
export function mikrotikAdapter(gateway: MikrotikGateway, find: FindAccessPoint): GatewayAdapter {
  const login = new URL(gateway.hotspot.loginUrl);
  return {
    id: gateway.id,
    site: gateway.site,
    family: 'mikrotik',
    needsCredential: true,
    vouches: false,
    origin: login.origin,
    logoutUrl: `${login.origin}/logout`,
    restartUrl: login.href,
    recognise: (redirect) => recognise(gateway, find, redirect),
    admit: (admission) => admit(gateway, admission),
  };
}

function recognise(gateway: MikrotikGateway, find: FindAccessPoint, { query }: Redirect): Recognised {
  // Our logout.html: the router has ended the session and knows no challenge for the next one yet.
  if (query.get('state') === 'ended') return { ok: true, stage: 'offline', setback: 'ended' };
  if (!query.has('link-login-only') || !query.has('mac')) return no('parameters-missing');
  const parsed = parameters.safeParse(Object.fromEntries([...query].filter(([, value]) => value !== '')));
  if (!parsed.success) return no('parameters-invalid');
  const { 'link-login-only': login, mac, 'chap-id': id, 'chap-challenge': challenge } = parsed.data;
  // A credential must never go to an address that somebody wrote into the redirect.
  if (!isSameAddress(login, gateway.hotspot.loginUrl)) return no('gateway-address-wrong');
  const device = DeviceAddress.parse(mac);
  if (device === undefined) return no('parameters-invalid');
  const ticket = ticketOf(gateway, id, challenge);
  if (typeof ticket === 'object') return ticket;
  const originalUrl = webAddress(query.get('link-orig'));
  // The name of the router, which login.html sends along.
  const accessPoint = find(query.get('identity'));
  const visit: Visit = {
    gateway: gateway.id,
    site: gateway.site,
    device,
    ticket,
    ...(originalUrl !== undefined && { originalUrl }),
    ...(accessPoint !== undefined && { accessPoint }),
  };
  return { ok: true, stage: 'captive', visit, ...(query.has('error') && { setback: 'rejected' as const }) };
}

function no(reason: (Recognised & { ok: false })['reason']): Recognised & { ok: false } {
  return { ok: false, reason };
}

function isSameAddress(given: string, configured: string): boolean {
  return URL.canParse(given) && new URL(given).href === new URL(configured).href;
}

/** The identifier and the challenge in hexadecimal; nothing if the router takes the password as it is. */
function ticketOf({ hotspot }: MikrotikGateway, id: string | undefined, challenge: string | undefined) {
  if (hotspot.login === 'pap') return '';
  if (id === undefined || challenge === undefined) return no('parameters-missing');
  const octets = [octalOctets(id), octalOctets(challenge)];
  if (octets[0]?.length !== 1 || octets[1]?.length !== CHALLENGE_OCTETS) return no('parameters-invalid');
  return Buffer.concat([...octets.flatMap((part) => part ?? [])]).toString('hex');
}

function octalOctets(text: string): Buffer | undefined {
  if (!OCTAL.test(text)) return undefined;
  return Buffer.from(
    text
      .split('\\')
      .slice(1)
      .map((digits) => Number.parseInt(digits, 8)),
  );
}

/** The router reads the same names from an address as from its form: username, password, dst. */
function admit({ hotspot }: MikrotikGateway, { visit, granted, returnTo }: Admission): string {
  if (granted.credential === undefined) throw new Error('A MikroTik gateway needs a credential.');
  const { username, password } = granted.credential;
  const proof = visit.ticket === '' ? password : chapPassword(password, Buffer.from(visit.ticket, 'hex'));
  return `${hotspot.loginUrl}?${new URLSearchParams({ username, password: proof, dst: returnTo })}`;
}

/**
 * MD5 of identifier, password and challenge: what md5.js of the router's own page computes (RFC 1994).
 * @param ticket  the identifier's octet, then those of the challenge
 */
export function chapPassword(password: string, ticket: Buffer): string {
  return md5(ticket.subarray(0, 1), Buffer.from(password), ticket.subarray(1)).toString('hex');
}
