import { z } from 'zod';
import { name, type SecretField } from './fields';
import { asIssue } from './messages';

/** How an access point is asked by SNMP. */
export function snmpAccess(secret: SecretField) {
  // RFC 3414 11.2 forbids shorter ones.
  const password = secret
    .refine((given) => given.reveal().length >= 8, asIssue('snmp-password-short'))
    .meta({ form: 'a text of at least 8 characters, {file: path} or {env: NAME}', secret: true });
  const community = <Version extends 'v1' | 'v2c'>(version: Version) =>
    z.strictObject({
      version: z.literal(version).describe('Version of SNMP; only `v3` signs and encrypts.'),
      community: secret.meta({ description: 'Its community.', example: { file: 'secrets/community' } }),
    });
  return z.discriminatedUnion('version', [
    z.strictObject({
      version: z.literal('v3').describe('Version of SNMP; only `v3` signs and encrypts.'),
      user: name.meta({ description: 'Name of the user that the agent knows (USM).', example: 'stadtfunk' }),
      authentication: z
        .enum(['sha256', 'sha384', 'sha512'])
        .default('sha256')
        .describe('How messages are signed (RFC 7860). MD5 and SHA-1 are not offered.'),
      authPassword: password.meta({ description: 'Password for it.', example: { file: 'secrets/snmp-auth' } }),
      privacy: z
        .enum(['aes128', 'aes192', 'aes256'])
        .default('aes128')
        .describe('How messages are encrypted (AES in CFB mode). There is no way without, and no DES.'),
      privacyPassword: password.meta({ description: 'Password for it.', example: { file: 'secrets/snmp-privacy' } }),
    }),
    community('v2c'),
    community('v1'),
  ]);
}

export type SnmpAccess = z.output<ReturnType<typeof snmpAccess>>;
