import { createDecipheriv, createHash } from 'node:crypto';
import { z } from 'zod';
import type { OpenndsGateway } from '../../config/schema';
import { DeviceAddress } from '../../core/mac';
import { type Admission, type GatewayAdapter, type Recognised, type Redirect, type Visit, webAddress } from './gateway';

const AES_KEY_OCTETS = 32;
const BLOCK_OCTETS = 16;
const HID = 'hid=';
const HID_LENGTH = 64;

const message = z.object({
  clientmac: z.string(),
  gatewayaddress: z.string(),
  authdir: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .default('opennds_auth'),
  originurl: z.string().optional(),
});

/**
 * openNDS with the Forwarding Authentication Service at level 2: the redirect is encrypted with the faskey, and the
 * browser carries the answer, which only a holder of the faskey can make, to the gateway.
 */
export function openndsAdapter(gateway: OpenndsGateway): GatewayAdapter {
  const origin = `http://${gateway.address}`;
  return {
    id: gateway.id,
    site: gateway.site,
    family: 'opennds',
    needsCredential: false,
    origin,
    logoutUrl: `${origin}/opennds_deny/`,
    restartUrl: `${origin}/login`,
    recognise: (redirect) => recognise(gateway, redirect),
    admit: (admission) => admit(origin, gateway.faskey.reveal(), admission),
  };
}

function recognise(gateway: OpenndsGateway, { query }: Redirect): Recognised {
  if (query.get('status') === 'authenticated') return { ok: true, stage: 'online' };
  const fas = query.get('fas');
  const iv = query.get('iv');
  // Level 0 sends the token in the clear; levels 1 and 4 send `fas` without `iv`.
  if (query.has('authaction') || (fas !== null && iv === null)) return { ok: false, reason: 'wrong-level' };
  if (fas === null || iv === null) return { ok: false, reason: 'parameters-missing' };
  if (!/^[0-9a-f]{16}$/i.test(iv)) return { ok: false, reason: 'parameters-invalid' };
  const text = decrypt(fas, iv, gateway.faskey.reveal());
  if (text === undefined || !isWhole(text)) return { ok: false, reason: 'signature-wrong' };
  const hid = text.slice(HID.length, HID.length + HID_LENGTH);
  const parsed = message.safeParse(pairs(text.slice(HID.length + HID_LENGTH)));
  if (!parsed.success) return { ok: false, reason: 'signature-wrong' };

  const { clientmac, gatewayaddress, authdir, originurl } = parsed.data;
  if (gatewayaddress !== gateway.address) return { ok: false, reason: 'gateway-address-wrong' };
  const device = DeviceAddress.parse(clientmac);
  if (device === undefined) return { ok: false, reason: 'parameters-invalid' };
  const originalUrl = webAddress(unescapeOnce(originurl));
  const visit: Visit = {
    gateway: gateway.id,
    site: gateway.site,
    device,
    ticket: hid + authdir,
    ...(originalUrl !== undefined && { originalUrl }),
  };
  return { ok: true, stage: 'captive', visit };
}

/**
 * base64 of base64 of AES-256-CBC (so no "+" can occur); the key is the faskey, cut or filled with zeroes, the iv its 16
 * characters.
 */
function decrypt(fas: string, iv: string, faskey: string): string | undefined {
  const key = Buffer.alloc(AES_KEY_OCTETS);
  key.write(faskey);
  const sealed = Buffer.from(Buffer.from(fas, 'base64').toString('latin1'), 'base64');
  try {
    const decipher = createDecipheriv('aes-256-cbc', key, Buffer.from(iv, 'latin1'));
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString('latin1');
  } catch {
    return undefined;
  }
}

/**
 * Nothing signs the redirect, and a visitor who learned the hid from how we judge changed ones could search the token
 * behind it and get in without us. Spliced blocks leave one of noise, which no printable text is, so they are refused
 * just as wrong padding is. What the iv can change, the beginning of the hid, is not judged at all: it is only hashed.
 */
function isWhole(text: string): boolean {
  return text.startsWith(HID) && /^[ -~]*$/.test(text.slice(BLOCK_OCTETS)) && text[HID.length + HID_LENGTH] === ',';
}

/** `..., clientip=..., ...`; pieces without "=" are openNDS's empty variables. */
function pairs(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(', ').flatMap((piece) => {
      const at = piece.indexOf('=');
      return at < 1 ? [] : [[piece.slice(0, at), piece.slice(at + 1)]];
    }),
  );
}

function unescapeOnce(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** tok, redir and custom are always sent: openNDS 9 crashes without them. */
function admit(origin: string, faskey: string, { visit, granted, returnTo }: Admission): string {
  const [hid, authdir] = [visit.ticket.slice(0, HID_LENGTH), visit.ticket.slice(HID_LENGTH)];
  const tok = createHash('sha256')
    .update(hid + faskey)
    .digest('hex');
  const custom = Buffer.from(granted.grant.id).toString('base64');
  return `${origin}/${authdir}/?tok=${tok}&redir=${encodeURIComponent(returnTo)}&custom=${encodeURIComponent(custom)}`;
}
