import { z } from 'zod';
import { id } from './fields';
import { asIssue } from './messages';

/**
 * Whether the controller can play both ends of a visitor's walk, so that nothing need stand there. Levels 3 and 4 of
 * openNDS and UniFi wait for a device to fetch the visitor or to be told, and hostapd has no portal.
 */
export function canBePlayed(gateway: { readonly kind: string; readonly level?: number }): boolean {
  if (gateway.kind === 'opennds') return (gateway.level ?? 0) <= 2;
  return ['uspot', 'coovachilli', 'mikrotik'].includes(gateway.kind);
}

/** A visitor that the controller plays, so that staff know of a fault before visitors do. */
export const syntheticVisitor = z.strictObject({
  gateway: id.meta({
    description:
      'The test gateway through which it walks: of kind uspot, coovachilli or mikrotik, with the address of this machine as the first of `radius.clients`, or openNDS at level 1 or 2. No device need stand there. Give it a site of its own, so that its acceptances and sessions are in no other site’s figures.',
    form: 'the id of a gateway',
    example: 'gw-uspot',
  }),
  everySeconds: z.int().min(5).default(300).describe('How often it walks the whole way.'),
  device: z
    .string()
    .refine((text) => /^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/i.test(text), asIssue('form-local-mac'))
    .default('02:00:5e:00:53:01')
    .meta({
      description: 'The device address it has: a locally administered one, so that it is nobody’s.',
      form: 'a locally administered device address',
    }),
});
