import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { UamGateway } from '../../config/schema';
import { DeviceAddress } from '../../core/mac';
import {
  type Admission,
  type GatewayAdapter,
  type Recognised,
  type Redirect,
  type Setback,
  type Visit,
  webAddress,
} from './gateway';

/** The values of `res` that mean "not online", and what the visitor is told beyond the terms. */
const CAPTIVE: Readonly<Record<string, Setback | undefined>> = {
  notyet: undefined,
  failed: 'rejected',
  reject: 'rejected',
  logoff: 'ended',
  timeout: 'timed-out',
};
const ONLINE = ['success', 'already'];

const parameters = z.object({
  res: z.enum([...Object.keys(CAPTIVE), ...ONLINE]),
  uamip: z.string().max(255),
  uamport: z.string().max(5),
  challenge: z
    .string()
    .regex(/^[0-9a-f]{32}$/i)
    .optional(),
  mac: z.string().max(17).optional(),
});

/**
 * The Universal Access Method of CoovaChilli and uspot: a redirect with a challenge; the browser answers it at the
 * gateway's /logon, which asks our RADIUS server.
 */
export function uamAdapter(gateway: UamGateway): GatewayAdapter {
  const { address, port, secret } = gateway.uam;
  const origin = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  return {
    id: gateway.id,
    site: gateway.site,
    family: 'uam',
    needsCredential: true,
    origin,
    logoutUrl: `${origin}/logoff`,
    // CoovaChilli draws a challenge and redirects at /prelogin; uspot has no such page and always redirects at /logoff.
    restartUrl: `${origin}${gateway.kind === 'coovachilli' ? '/prelogin' : '/logoff'}`,
    recognise: (redirect) => recognise(gateway, redirect),
    admit: (admission) => admit(origin, secret?.reveal(), admission),
  };
}

function recognise(gateway: UamGateway, redirect: Redirect): Recognised {
  const { query } = redirect;
  const { address, port, secret } = gateway.uam;
  if (!query.has('res') || !query.has('uamip') || !query.has('uamport')) return no('parameters-missing');
  const parsed = parameters.safeParse(Object.fromEntries(query));
  if (!parsed.success) return no('parameters-invalid');
  const { res, uamip, uamport, challenge, mac } = parsed.data;
  // A credential must never go to an address that somebody wrote into the redirect.
  if (uamip !== address || uamport !== String(port)) return no('gateway-address-wrong');
  if (secret !== undefined) {
    if (!query.has('md')) return no('parameters-missing');
    if (!checksumFits(redirect, secret.reveal())) return no('signature-wrong');
  }
  const device = mac === undefined ? undefined : DeviceAddress.parse(mac);
  if (mac !== undefined && device === undefined) return no('parameters-invalid');

  if (ONLINE.includes(res)) {
    // Without a checksum anybody could ask here whether a device is online.
    return { ok: true, stage: 'online', ...(secret !== undefined && device !== undefined && { device }) };
  }
  const setback = CAPTIVE[res];
  if (challenge === undefined || device === undefined) {
    return setback === undefined ? no('parameters-missing') : { ok: true, stage: 'offline', setback };
  }
  const originalUrl = webAddress(query.get('userurl'));
  const visit: Visit = {
    gateway: gateway.id,
    site: gateway.site,
    device,
    ticket: challenge,
    ...(originalUrl !== undefined && { originalUrl }),
  };
  return { ok: true, stage: 'captive', visit, ...(setback !== undefined && { setback }) };
}

function no(reason: (Recognised & { ok: false })['reason']): Recognised {
  return { ok: false, reason };
}

/**
 * `md` is the upper-case hexadecimal MD5 of the address as the gateway wrote it, up to `&md=`, followed by the UAM
 * secret. uspot writes nasid and ssid unencoded, and browsers turn their blanks into %20 on the way.
 */
function checksumFits({ base, rawQuery }: Redirect, secret: string): boolean {
  const match = /^(.*)&md=([0-9A-F]{32})$/is.exec(rawQuery);
  if (match?.[1] === undefined || match[2] === undefined) return false;
  const given = Buffer.from(match[2], 'hex');
  return [match[1], match[1].replaceAll('%20', ' ')].some((query) =>
    timingSafeEqual(given, createHash('md5').update(`${base}?${query}${secret}`).digest()),
  );
}

/** The address of /logon with the CHAP response: MD5(0, password, MD5(challenge, UAM secret)), RFC 1994. */
function admit(origin: string, secret: string | undefined, { visit, granted, returnTo }: Admission): string {
  if (granted.credential === undefined) throw new Error('A UAM gateway needs a credential.');
  const { username, password } = granted.credential;
  const response = chapResponse(password, visit.ticket, secret);
  return `${origin}/logon?${new URLSearchParams({ username, response, userurl: returnTo })}`;
}

/** @param challenge  hexadecimal, as the gateway sent it */
export function chapResponse(password: string, challenge: string, secret: string | undefined): string {
  const octets = Buffer.from(challenge, 'hex');
  const key = secret === undefined ? octets : createHash('md5').update(octets).update(secret).digest();
  return createHash('md5').update(Buffer.of(0)).update(password).update(key).digest('hex');
}
