import { createDecipheriv } from 'node:crypto';
import { z } from 'zod';
import { DeviceAddress } from '../../../core/mac';
import type { VisitRefusedReason } from '../../../core/reasons';
import { webAddress } from '../gateway';

const AES_KEY_OCTETS = 32;
const BLOCK_OCTETS = 16;
const HID = 'hid=';
export const HID_LENGTH = 64;

const message = z.object({
  clientmac: z.string(),
  gatewayaddress: z.string(),
  gatewaymac: z.string().optional(),
  authdir: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .default('opennds_auth'),
  originurl: z.string().optional(),
});

/** What openNDS says about the visitor. */
export interface Arrival {
  /** SHA-256 of the token that opens the gateway; who knows it can search the token. */
  readonly hid: string;
  readonly authdir: string;
  readonly device: DeviceAddress;
  readonly gatewayAddress: string;
  readonly gatewayMac: string | undefined;
  readonly originalUrl?: string;
}

export type Read =
  | { readonly ok: true; readonly arrival: Arrival }
  | { readonly ok: false; readonly reason: VisitRefusedReason };

/**
 * Reads the query of a redirect. Levels 1 and 4 only encode it, 2 and 3 encrypt it with the faskey; no level signs it.
 * Level 0 sends the token itself.
 */
export function readRedirect(query: URLSearchParams, level: number, faskey: string): Read {
  const fas = query.get('fas');
  const iv = query.get('iv');
  const isEncrypted = level === 2 || level === 3;
  if (query.has('authaction') || (fas !== null && isEncrypted === (iv === null))) return no('wrong-level');
  if (fas === null) return no('parameters-missing');
  if (!isEncrypted || iv === null) return readPlain(fas);
  if (!/^[0-9a-f]{16}$/i.test(iv)) return no('parameters-invalid');
  const text = decrypt(fas, iv, faskey);
  if (text === undefined || !isWhole(text)) return no('signature-wrong');
  return readFields(text, 'signature-wrong');
}

/** base64, in which a "+" of the query has become a blank. Everybody could have written it, so it may be judged openly. */
function readPlain(fas: string): Read {
  const text = Buffer.from(fas.replaceAll(' ', '+'), 'base64').toString('latin1');
  return /^hid=[0-9a-f]{64},/.test(text) ? readFields(text, 'parameters-invalid') : no('parameters-invalid');
}

function readFields(text: string, otherwise: VisitRefusedReason): Read {
  const parsed = message.safeParse(pairs(text.slice(HID.length + HID_LENGTH)));
  if (!parsed.success) return no(otherwise);
  const { clientmac, gatewayaddress, gatewaymac, authdir, originurl } = parsed.data;
  const device = DeviceAddress.parse(clientmac);
  if (device === undefined) return no('parameters-invalid');
  const originalUrl = webAddress(unescapeOnce(originurl));
  const hid = text.slice(HID.length, HID.length + HID_LENGTH);
  const arrival = { hid, authdir, device, gatewayAddress: gatewayaddress, gatewayMac: gatewaymac };
  return { ok: true, arrival: { ...arrival, ...(originalUrl !== undefined && { originalUrl }) } };
}

function no(reason: VisitRefusedReason): Read {
  return { ok: false, reason };
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
