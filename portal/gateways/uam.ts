import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { UamGateway } from '../../config/schema';
import { DeviceAddress } from '../../core/mac';
import { REJECT } from '../../core/reasons';
import { md5 } from '../../runtime/md5';
import type { FindAccessPoint } from './access-points';
import {
  type Admission,
  type GatewayAdapter,
  languageTag,
  type Recognised,
  type Redirect,
  type Setback,
  type Visit,
  webAddress,
} from './gateway';

/** The values of `res` that mean "not online", and what the visitor is told beyond the terms. */
const CAPTIVE: Readonly<Record<string, Setback | undefined>> = {
  notyet: undefined,
  challenge: undefined,
  splash: undefined,
  failed: 'rejected',
  reject: 'rejected',
  logoff: 'ended',
  timeout: 'timed-out',
};
const ONLINE = ['success', 'already'];

const KEY_OCTETS = 16;

const parameters = z.object({
  res: z.enum([...Object.keys(CAPTIVE), ...ONLINE]),
  uamip: z.string().max(255),
  uamport: z.string().max(5),
  challenge: z
    .string()
    .regex(/^[0-9a-f]{32}$/i)
    .optional(),
  mac: z.string().max(17).optional(),
  ssl: z.string().max(255).optional(),
});
const READ = Object.keys(parameters.shape);

/**
 * The Universal Access Method of CoovaChilli and uspot: a redirect with a challenge; the browser answers it at the
 * gateway's /logon, which asks our RADIUS server.
 */
export function uamAdapter(gateway: UamGateway, find: FindAccessPoint): GatewayAdapter {
  const { address, port, sslUrl } = gateway.uam;
  const origin = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  const login = sslUrl === undefined ? origin : new URL(sslUrl).origin;
  return {
    id: gateway.id,
    site: gateway.site,
    family: 'uam',
    needsCredential: true,
    vouches: gateway.uam.secret !== undefined,
    origin: login,
    logoutUrl: `${origin}/logoff`,
    // CoovaChilli draws a challenge and redirects at /prelogin; uspot has no such page and always redirects at /logoff.
    restartUrl: `${origin}${gateway.kind === 'coovachilli' ? '/prelogin' : '/logoff'}`,
    recognise: (redirect) => recognise(gateway, find, redirect),
    admit: (admission) => admit(login, gateway.uam, admission),
  };
}

function recognise(gateway: UamGateway, find: FindAccessPoint, redirect: Redirect): Recognised {
  const { query } = redirect;
  const { address, port, secret, sslUrl } = gateway.uam;
  if (!query.has('res') || !query.has('uamip') || !query.has('uamport')) return no('parameters-missing');
  const value = (name: string): string | undefined => query.get(name) ?? undefined;
  const parsed = parameters.safeParse({
    res: value('res'),
    uamip: value('uamip'),
    uamport: value('uamport'),
    challenge: value('challenge'),
    mac: value('mac'),
    ssl: value('ssl'),
  });
  if (!parsed.success || READ.some((name) => query.getAll(name).length > 1)) return no('parameters-invalid');
  const { res, uamip, uamport, challenge, mac, ssl } = parsed.data;
  // A credential must never go to an address that somebody wrote into the redirect.
  if (uamip !== address || uamport !== String(port)) return no('gateway-address-wrong');
  if (ssl !== undefined && sslUrl !== undefined && !sameOrigin(ssl, sslUrl)) return no('gateway-address-wrong');
  if (secret !== undefined) {
    if (!query.has('md')) return no('parameters-missing');
    if (!checksumFits(redirect, secret.reveal())) return no('signature-wrong');
  }
  const device = mac === undefined ? undefined : DeviceAddress.parse(mac);
  if (mac !== undefined && device === undefined) return no('parameters-invalid');

  if (ONLINE.includes(res)) {
    // Without a checksum anybody could ask here whether a device is online.
    const secondsLeft = secondsIn(query.get('timeleft'));
    return {
      ...{ ok: true, stage: 'online' },
      ...(secret !== undefined && device !== undefined && { device }),
      ...(secondsLeft !== undefined && { secondsLeft }),
    };
  }
  const told = CAPTIVE[res] === 'rejected' ? query.get('reply') : null;
  const setback = told === REJECT['grant-expired'] ? 'timed-out' : CAPTIVE[res];
  if (challenge === undefined || device === undefined) {
    return setback === undefined ? no('parameters-missing') : { ok: true, stage: 'offline', setback };
  }
  const originalUrl = webAddress(query.get('userurl'));
  const accessPoint = find(query.get('called'), query.get('nasid'));
  const language = languageTag(query.get('lang'));
  const visit: Visit = {
    gateway: gateway.id,
    site: gateway.site,
    device,
    ticket: challenge,
    ...(originalUrl !== undefined && { originalUrl }),
    ...(accessPoint !== undefined && { accessPoint }),
    ...(language !== undefined && { language }),
  };
  return {
    ...{ ok: true, stage: 'captive', visit },
    ...(setback !== undefined && { setback }),
    // The gateway's words are compared with our own, never shown: anybody can write a redirect.
    ...(told === REJECT['octets-used-up'] && { told: 'octets-used-up' }),
  };
}

/** Of a session that has an end; 0 means that it has none. */
function secondsIn(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

/** uspot writes `ssl` as it was typed into its `uam_sslurl`. */
function sameOrigin(given: string, configured: string): boolean {
  return URL.canParse(given) && new URL(given).origin === new URL(configured).origin;
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
    timingSafeEqual(given, md5(Buffer.from(`${base}?${query}${secret}`))),
  );
}

/** The address of /logon with what proves the password. Both gateways read it from the query of a GET. */
function admit(origin: string, uam: UamGateway['uam'], { visit, granted, returnTo }: Admission): string {
  if (granted.credential === undefined) throw new Error('A UAM gateway needs a credential.');
  const { username, password } = granted.credential;
  const secret = uam.secret?.reveal();
  const proof =
    uam.login === 'chap'
      ? { response: chapResponse(password, visit.ticket, secret) }
      : { password: papPassword(password, visit.ticket, secret) };
  return `${origin}/logon?${new URLSearchParams({ username, ...proof, userurl: returnTo })}`;
}

/**
 * MD5(0, password, MD5(challenge, UAM secret)), RFC 1994.
 * @param challenge  hexadecimal, as the gateway sent it
 */
export function chapResponse(password: string, challenge: string, secret: string | undefined): string {
  return md5(Buffer.of(0), Buffer.from(password), keyOf(challenge, secret)).toString('hex');
}

/**
 * The password, filled up with zeroes to the next 16 octets, XOR the key, in hexadecimal; in the clear without a UAM
 * secret, for the challenge alone hides nothing and uspot expects it so.
 */
export function papPassword(password: string, challenge: string, secret: string | undefined): string {
  if (secret === undefined) return password;
  const key = keyOf(challenge, secret);
  const padded = Buffer.alloc(Math.max(1, Math.ceil(password.length / KEY_OCTETS)) * KEY_OCTETS);
  padded.write(password);
  return Buffer.from(padded.map((octet, i) => octet ^ (key[i % KEY_OCTETS] ?? 0))).toString('hex');
}

function keyOf(challenge: string, secret: string | undefined): Buffer {
  const octets = Buffer.from(challenge, 'hex');
  return secret === undefined ? octets : md5(octets, Buffer.from(secret));
}
