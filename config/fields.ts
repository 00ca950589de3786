import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { asIssue, type MistakeKind } from './messages';
import { Secret } from './secret';

/** The small forms that the schema is made of: ids, ports, networks, secrets. */

export const id = z
  .string()
  .max(40)
  .refine((text) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text), asIssue('form-id'))
  .meta({ form: 'lower-case letters and digits, joined by dashes' });

export const name = z.string().min(1).max(80);

/** A host name or an IP address. */
export const host = z.string().min(1).meta({ form: 'a host name or an IP address' });

/** The same where nothing else will do: a path, port or blank would end up in an address that browsers are sent to. */
export const hostOnly = host.refine(
  (text) => isIP(text) !== 0 || /^(?!\d+$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text),
  asIssue('form-host'),
);

export const port = z.int().min(0).max(65535);

export const webAddress = z.url({ protocol: /^https?$/ }).meta({ form: 'a web address with http:// or https://' });

export const email = z.email().meta({ form: 'an e-mail address' });

export const ipAddress = z
  .string()
  .refine((text) => isIP(text) !== 0, asIssue('form-address'))
  .meta({ form: 'an IP address' });

/** One address, or a network of them. */
export const network = z
  .string()
  .refine((text) => isIP(text) !== 0 || isNetwork(text), asIssue('form-network'))
  .meta({ form: 'an IP address, or a network such as 10.1.0.0/24' });

function isNetwork(text: string): boolean {
  const [address, , more] = text.split('/');
  return more === undefined && isIP(address ?? '') !== 0 && ipaddr.isValidCIDR(text);
}

/** Host and port in one text, as openNDS writes its address. */
export const hostWithPort = z
  .string()
  .refine((text) => /^[^/\s:]+:\d{1,5}$/.test(text), asIssue('form-host-port'))
  .meta({ form: 'host:port' });

/** `07:30`; in the result minutes since midnight. */
export const timeOfDay = z
  .string()
  .refine((text) => /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(text), asIssue('form-time'))
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)))
  .meta({ form: 'a time such as 07:30' });

export const timeZone = z
  .string()
  .refine(isTimeZone, asIssue('time-zone'))
  .meta({ form: 'a time zone such as Europe/Berlin' });

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Where a server listens; without it at the address and port given here. */
export function listen(defaultHost: string, defaultPort: number) {
  return listenIfSet(defaultHost, defaultPort).prefault({});
}

/** Where a server listens that there need not be: to be made `.optional()`. */
export function listenIfSet(defaultHost: string, defaultPort: number) {
  return z.strictObject({
    host: host
      .default(defaultHost)
      .describe('Address to listen on; `::` means every one of this machine, `0.0.0.0` every one of IPv4.'),
    port: port.default(defaultPort).describe('Port; 0 lets the system choose one.'),
  });
}

/** Where a secret is read from. */
export type SecretSource = { readonly file: string } | { readonly env: string };

/** Reads a secret that the configuration names by file or environment variable. */
export type ReadSecret = (
  source: SecretSource,
) =>
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: MistakeKind; readonly words: Readonly<Record<string, string>> };

/** A secret given directly, by file or by environment variable; in the result it is a `Secret` either way. */
export function secretFrom(read: ReadSecret) {
  const source = z.strictObject({ file: z.string().min(1).optional(), env: z.string().min(1).optional() });
  return z
    .union([z.string(), source])
    .transform((given, context) => {
      if (typeof given === 'string') return new Secret(given);
      const { file, env } = given;
      if ((file === undefined) === (env === undefined)) {
        context.addIssue(asIssue('secret-form'));
        return z.NEVER;
      }
      const found = read(file === undefined ? { env: env ?? '' } : { file });
      if (found.ok) return new Secret(found.text.trimEnd());
      context.addIssue(asIssue(found.why, found.words));
      return z.NEVER;
    })
    .meta({ form: 'a text, {file: path} or {env: NAME}', secret: true });
}

export type SecretField = ReturnType<typeof secretFrom>;
