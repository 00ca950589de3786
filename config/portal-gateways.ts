import { z } from 'zod';
import { DeviceAddress } from '../core/mac';
import { captiveApi, radius } from './equipment';
import { id, name, type SecretField, webAddress } from './fields';
import { asIssue } from './messages';

/** Gateways of vendors: MikroTik's hotspot, which asks RADIUS, and UniFi, whose controller we tell. */

const siteId = id.meta({ form: 'the id of a site' });

const loginUrl = webAddress.superRefine((text, context) => {
  if (!URL.canParse(text)) return;
  const url = new URL(text);
  if (url.pathname !== '/login' || url.search + url.hash !== '') context.addIssue(asIssue('login-url', { text }));
});

export function mikrotikGateway(secret: SecretField) {
  return z.strictObject({
    id: id.meta({
      description: 'Stable name; login.html on the router sends visitors to `<portal.url>/mikrotik/<id>`.',
      example: 'gw-mikrotik',
    }),
    kind: z.literal('mikrotik').describe('Which software redirects the visitors.'),
    site: siteId.meta({ description: 'The site it serves.', example: 'town-hall' }),
    hotspot: z
      .strictObject({
        loginUrl: loginUrl.meta({
          description:
            '`link-login-only` as the router writes it: its hotspot-address or dns-name; redirects naming another are refused.',
          example: 'http://10.5.50.1/login',
        }),
        login: z
          .enum(['chap', 'pap'])
          .default('chap')
          .describe('How the visitor’s browser proves the password: `login-by=http-chap` or `http-pap` of the router.'),
      })
      .describe('How the visitor’s browser logs in at the router.'),
    radius: radius('mikrotik', secret, '10.5.50.1')
      .extend({
        macAuthentication: z
          .boolean()
          .default(false)
          .describe('Let devices that hold a grant at the site back in by their address alone (`login-by=mac`).'),
        macPassword: secret.optional().meta({
          description: '`mac-auth-password` of the router, if it is set.',
          example: { file: 'secrets/gw-mikrotik-mac' },
        }),
      })
      .describe('How the router asks our RADIUS server.'),
    captiveApi: captiveApi('mikrotik', secret, '198.51.100.9').optional(),
  });
}

const controllerUrl = webAddress
  .superRefine((text, context) => {
    if (!URL.canParse(text)) return;
    const { protocol, origin, href } = new URL(text);
    if (protocol !== 'https:' || href !== `${origin}/`) context.addIssue(asIssue('controller-url', { text }));
  })
  .transform((text) => text.replace(/\/+$/, ''));

/** A device's address of six octets; in the result without signs between them. */
const radioAddress = z
  .string()
  .refine((text) => DeviceAddress.parse(text) !== undefined, asIssue('form-mac'))
  .transform((text) => text.replaceAll(/[^0-9a-f]/gi, '').toLowerCase())
  .meta({ form: 'an address such as 78:8a:20:59:c6:99' });

function controller(secret: SecretField) {
  return z
    .strictObject({
      url: controllerUrl.meta({
        description: 'Address of the controller: https, host and port, no path.',
        example: 'https://unifi.musterstadt.example',
      }),
      site: z
        .string()
        .max(64)
        .refine((text) => /^[\w-]+$/.test(text), asIssue('form-version'))
        .default('default')
        .describe('The controller’s own name of the site: what stands in `/guest/s/<name>/`.'),
      unifiOs: z
        .boolean()
        .default(true)
        .describe(
          'Whether it runs on a UniFi console (UniFi OS: Cloud Key, Dream Machine) and not as a server of its own.',
        ),
      apiKey: secret.optional().meta({
        description: 'Key for its official API (Network 9.1.105 and later: Control Plane, Integrations).',
        example: { file: 'secrets/gw-unifi-key' },
      }),
      account: z
        .strictObject({
          username: name.meta({ description: 'A local account that may authorise guests.', example: 'stadtfunk' }),
          password: secret.meta({ description: 'Its password.', example: { file: 'secrets/gw-unifi-password' } }),
        })
        .optional()
        .describe('For controllers without that API; not used where there is an `apiKey`.'),
      authority: z.string().min(1).optional().meta({
        description:
          'PEM file with the authority, or the certificate itself, that the controller shows. Without it: the authorities that Node.js knows. The certificate is always checked.',
        example: 'tls/unifi.pem',
      }),
    })
    .refine(({ apiKey, account }) => apiKey !== undefined || account !== undefined, asIssue('controller-access'));
}

export function unifiGateway(secret: SecretField) {
  return z.strictObject({
    id: id.meta({ description: 'Stable name in metrics and logs.', example: 'gw-unifi' }),
    kind: z.literal('unifi').describe('Which software redirects the visitors.'),
    site: siteId.meta({ description: 'The site it serves.', example: 'town-hall' }),
    controller: controller(secret).describe('The UniFi controller that lets visitors in.'),
    accessPoints: z
      .array(radioAddress)
      .default([])
      .meta({
        description:
          'Addresses of the access points at this site; redirects naming another are refused. None: every access point of the controller’s site.',
        form: 'a list of addresses such as 78:8a:20:59:c6:99',
        example: ['78:8a:20:59:c6:99'],
      }),
  });
}
