import { timingSafeEqual } from 'node:crypto';
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
import { Parameters } from './parameters';

/** The values of `res` that mean "not online", and what the visitor is told beyond the terms. */
const CAPTIVE: ReadonlyMap<string, Setback | undefined> = new Map([
  ['notyet', undefined],
  ['challenge', undefined],
  ['splash', undefined],
  ['failed', 'rejected'],
  ['reject', 'rejected'],
  ['logoff', 'ended'],
  ['timeout', 'timed-out'],
]);
const ONLINE: ReadonlySet<string> = new Set(['success', 'already']);

const KEY_OCTETS = 16;

/** What we act on may be said once only. */
const READ = ['res', 'uamip', 'uamport', 'challenge', 'mac', 'ssl'];
const CHALLENGE = /^[0-9a-f]{32}$/i;
const LONGEST_SSL = 255;
/** It comes last. */
const CHECKSUM = /&md=([0-9A-F]{32})$/i;

/**
 * The Universal Access Method of CoovaChilli and uspot: a redirect with a challenge; the browser answers it at the
 * gateway's /logon, which asks our RADIUS server.
 */
export function uamAdapter(gateway: UamGateway, find: FindAccessPoint): GatewayAdapter {
  const { address, port, sslUrl } = gateway.uam;
  const origin = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  const login = sslUrl === undefined ? origin : new URL(sslUrl).origin;
  const secret = gateway.uam.secret && Buffer.from(gateway.uam.secret.reveal());
  return {
    id: gateway.id,
    site: gateway.site,
    family: 'uam',
    needsCredential: true,
    vouches: secret !== undefined,
    origin: login,
    logoutUrl: `${origin}/logoff`,
    // CoovaChilli draws a challenge and redirects at /prelogin; uspot has no such page and always redirects at /logoff.
    restartUrl: `${origin}${gateway.kind === 'coovachilli' ? '/prelogin' : '/logoff'}`,
    recognise: (redirect) => recognise(gateway, secret, find, redirect),
    admit: (admission) => admit(login, gateway.uam, admission),
  };
}

function recognise(
  gateway: UamGateway,
  secret: Buffer | undefined,
  find: FindAccessPoint,
  redirect: Redirect,
): Recognised {
  const query = new Parameters(redirect.rawQuery);
  const [res, uamip, uamport] = [query.get('res'), query.get('uamip'), query.get('uamport')];
  if (res === undefined || uamip === undefined || uamport === undefined) return no('parameters-missing');
  const [challenge, mac, ssl] = [query.get('challenge'), query.get('mac'), query.get('ssl')];
  const device = mac === undefined ? undefined : DeviceAddress.parse(mac);
  const isReadable =
    (CAPTIVE.has(res) || ONLINE.has(res)) &&
    (challenge === undefined || CHALLENGE.test(challenge)) &&
    (mac === undefined || device !== undefined) &&
    (ssl === undefined || ssl.length <= LONGEST_SSL);
  if (!isReadable || READ.some((name) => query.isRepeated(name))) return no('parameters-invalid');
  // A credential must never go to an address that somebody wrote into the redirect.
  const { address, port, sslUrl } = gateway.uam;
  if (uamip !== address || uamport !== String(port)) return no('gateway-address-wrong');
  if (ssl !== undefined && sslUrl !== undefined && !sameOrigin(ssl, sslUrl)) return no('gateway-address-wrong');
  if (secret !== undefined) {
    if (query.get('md') === undefined) return no('parameters-missing');
    if (!checksumFits(redirect, secret)) return no('signature-wrong');
  }
  if (!ONLINE.has(res)) return captive(gateway, find, query, { res, challenge, device });
  // Without a checksum anybody could ask here whether a device is online.
  const secondsLeft = secondsIn(query.get('timeleft'));
  return {
    ...{ ok: true, stage: 'online' },
    ...(secret !== undefined && device !== undefined && { device }),
    ...(secondsLeft !== undefined && { secondsLeft }),
  };
}

interface Said {
  readonly res: string;
  readonly challenge: string | undefined;
  readonly device: DeviceAddress | undefined;
}

function captive(
  gateway: UamGateway,
  find: FindAccessPoint,
  query: Parameters,
  { res, challenge, device }: Said,
): Recognised {
  const why = CAPTIVE.get(res);
  const told = why === 'rejected' ? query.get('reply') : undefined;
  const setback = told === REJECT['grant-expired'] ? 'timed-out' : why;
  if (challenge === undefined || device === undefined) {
    return setback === undefined ? no('parameters-missing') : { ok: true, stage: 'offline', setback };
  }
  const visit: Visit = {
    gateway: gateway.id,
    site: gateway.site,
    device,
    ticket: challenge,
    originalUrl: webAddress(query.get('userurl')),
    accessPoint: find(query.get('called'), query.get('nasid')),
    language: languageTag(query.get('lang')),
  };
  // The gateway's words are compared with our own, never shown: anybody can write a redirect.
  const isUsedUp = told === REJECT['octets-used-up'];
  return { ok: true, stage: 'captive', visit, setback, told: isUsedUp ? 'octets-used-up' : undefined };
}

/** Of a session that has an end; 0 means that it has none. */
function secondsIn(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
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
function checksumFits({ base, rawQuery }: Redirect, secret: Buffer): boolean {
  const match = CHECKSUM.exec(rawQuery);
  if (match?.[1] === undefined) return false;
  const given = Buffer.from(match[1], 'hex');
  const fits = (query: string): boolean => timingSafeEqual(given, md5(Buffer.from(`${base}?${query}`), secret));
  const signed = rawQuery.slice(0, match.index);
  return fits(signed) || (signed.includes('%20') && fits(signed.replaceAll('%20', ' ')));
}

/** The address of /logon with what proves the password. Both gateways read it from the query of a GET. */
function admit(origin: string, uam: UamGateway['uam'], { visit, granted, returnTo }: Admission): string {
  if (granted.credential === undefined) throw new Error('A UAM gateway needs a credential.');
  const { username, password } = granted.credential;
  const secret = uam.secret?.reveal();
  const proof =
    uam.login === 'chap'
      ? `response=${chapResponse(password, visit.ticket, secret)}`
      : `password=${papPassword(password, visit.ticket, secret)}`;
  // All but the address is hexadecimal or a word of ours.
  return `${origin}/logon?username=${username}&${proof}&userurl=${encodeURIComponent(returnTo)}`;
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
