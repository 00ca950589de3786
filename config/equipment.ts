import { z } from 'zod';
import {
  host,
  hostOnly,
  hostWithPort,
  id,
  ipAddress,
  name,
  network,
  port,
  type SecretField,
  webAddress,
} from './fields';
import { asIssue } from './messages';
import { snmpAccess } from './snmp';

/** What stands at the sites: gateways, one shape for each kind, and access points. */

const siteId = id.meta({ form: 'the id of a site' });

/** How a gateway of any kind asks our RADIUS server. */
export function radius(kind: string, secret: SecretField, exampleClient: string) {
  return z.strictObject({
    clients: z
      .array(network)
      .default([])
      .meta({
        description:
          'Addresses or networks its RADIUS packets come from; the most specific entry wins. Gateways behind one address need `nasIdentifier`. None if it uses RadSec only.',
        form: 'a list of IP addresses or networks',
        example: [exampleClient],
      }),
    nasIdentifier: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .meta({
        description:
          'Only packets with this NAS-Identifier are of this gateway; tells gateways behind one address apart.',
        example: `gw-${kind}`,
      }),
    secret: secret.meta({ description: 'RADIUS shared secret.', example: { file: `secrets/gw-${kind}-radius` } }),
    formerSecret: secret.optional().meta({
      description:
        'The secret before it, accepted as well until the gateway has the new one; `stadtfunk_radius_former_secret_total` says if it is still used. Remove it then.',
      example: { file: `secrets/gw-${kind}-radius-former` },
    }),
    requireMessageAuthenticator: z
      .union([z.boolean(), z.literal('learn')])
      .default(true)
      .meta({
        description:
          'Refuse requests without Message-Authenticator (BlastRADIUS). `learn`: from the first signed request on, anew after each restart. `false`: only for a gateway that cannot sign.',
        form: 'true, false or learn',
      }),
    tls: radsecIdentity(kind, secret).optional(),
    dynamicAuthorization: z
      .strictObject({
        address: ipAddress.optional().meta({
          description: 'IP address of the gateway for them. Without it: the first single address of `clients`.',
          example: exampleClient.replace(/\.0\/\d+$/, '.1'),
        }),
        port: port.default(3799).describe('UDP port.'),
      })
      .prefault({})
      .describe('Where the gateway takes orders to end sessions (RFC 5176).'),
  });
}

const sslUrl = webAddress.superRefine((text, context) => {
  if (!URL.canParse(text)) return;
  const { protocol, origin, href } = new URL(text);
  if (protocol !== 'https:' || href !== `${origin}/`) context.addIssue(asIssue('ssl-url', { text }));
});

/** A gateway that speaks UAM to the visitor's browser and RADIUS to us. */
export function uamGateway<Kind extends string>(kind: Kind, secret: SecretField, exampleClient: string) {
  return z.strictObject({
    id: id.meta({
      description: 'Stable name; the gateway sends visitors to `<portal.url>/uam/<id>`.',
      example: `gw-${kind}`,
    }),
    kind: z.literal(kind).describe('Which software redirects the visitors.'),
    site: siteId.meta({ description: 'The site it serves.', example: 'town-hall' }),
    uam: z
      .strictObject({
        address: hostOnly.meta({
          description: 'Address of the gateway as visitors reach it; redirects naming another are refused.',
          example: '10.1.0.1',
        }),
        port: port.min(1).default(3990).describe('Port of its login page.'),
        login: z
          .enum(['chap', 'pap'])
          .default('chap')
          .describe('How the visitor’s browser proves the password to it; `pap` only if it cannot do CHAP.'),
        sslUrl: sslUrl.optional().meta({
          description: 'Where browsers log in over TLS instead: `uam_sslurl` of uspot, or `uamuissl` of CoovaChilli.',
          example: 'https://hotspot.musterstadt.example:3991',
        }),
        secret: secret.optional().meta({
          description: 'UAM secret. Without it anybody can make redirects up, and they are believed.',
          example: { file: `secrets/gw-${kind}-uam` },
        }),
      })
      .describe('How the visitor’s browser logs in at the gateway.'),
    radius: radius(kind, secret, exampleClient)
      .extend({
        macAuthentication: z
          .boolean()
          .default(false)
          .describe(
            'Let devices that hold a grant at the site back in by their address alone (`macauth` of CoovaChilli, `mac_auth` of uspot).',
          ),
        macPassword: secret.optional().meta({
          description: 'Password that the gateway sends with every address, if it is not the address itself.',
          example: { file: `secrets/gw-${kind}-mac` },
        }),
      })
      .describe('How the gateway asks our RADIUS server.'),
    captiveApi: captiveApi(kind, secret, '198.51.100.8').optional(),
  });
}

/** Whether devices behind a gateway may ask us how they stand. */
export function captiveApi(kind: string, secret: SecretField, exampleClient: string) {
  return z
    .strictObject({
      clients: z
        .array(network)
        .default([])
        .meta({
          description:
            'Addresses from which a request may name a device unsigned. Whoever can send from there can ask whether any device is online here, so name none that visitors share. Without them: only signed requests count.',
          form: 'a list of IP addresses or networks',
          example: [exampleClient],
        }),
      secret: secret.optional().meta({
        description:
          'Shared with a DHCP server or script that signs the device’s address for eight days at most; asked so from anywhere.',
        example: { file: `secrets/gw-${kind}-captive` },
      }),
    })
    .describe('Captive portal API (RFC 8908) at `<portal.url>/captive/<id>`. Without it: off.');
}

/** How a gateway proves over RadSec who it is, wherever it calls from. */
function radsecIdentity(kind: string, secret: SecretField) {
  const key = secret
    .refine((given) => /^([0-9a-f]{2})+$/i.test(given.reveal()), asIssue('form-hex'))
    .meta({
      description: 'The pre-shared key, at least 16 octets.',
      form: 'hexadecimal digits, {file: path} or {env: NAME}',
      secret: true,
      example: { file: `secrets/gw-${kind}-psk` },
    });
  return z
    .strictObject({
      certificateName: host.optional().meta({
        description:
          'Name in its client certificate: a DNS or URI subjectAltName, or the common name. It must be exactly this.',
        form: 'a name as in a certificate',
        example: `gw-${kind}.musterstadt.example`,
      }),
      psk: z
        .strictObject({
          identity: name.meta({ description: 'The identity it sends (TLS-PSK).', example: `gw-${kind}` }),
          key,
        })
        .optional()
        .describe('A key instead of a certificate (TLS-PSK).'),
    })
    .describe('How it proves over RadSec who it is, from whatever address; needs `radius.radsec`.');
}

/**
 * Access points that only ask RADIUS whether a device may join, like hostapd with `macaddr_acl=2`. Only here may a
 * stranger be accepted: into a network where the portal waits. A gateway with a portal of its own would let it online.
 */
export function hostapdGateway(secret: SecretField) {
  return z.strictObject({
    id: id.meta({ description: 'Stable name in metrics and logs.', example: 'ap-town-hall' }),
    kind: z.literal('hostapd').describe('Access points that ask RADIUS and show no page.'),
    site: siteId.meta({ description: 'The site they serve.', example: 'town-hall' }),
    radius: radius('hostapd', secret, '10.3.0.0/24')
      .extend({
        unknownDevices: z
          .union([
            z.literal('reject'),
            z
              .strictObject({
                vlan: z.int().min(1).max(4094).optional(),
                filter: z.string().min(1).max(253).optional(),
                seconds: z.int().min(30).default(60),
              })
              .refine(({ vlan, filter }) => vlan !== undefined || filter !== undefined, asIssue('strangers-nowhere')),
          ])
          .default('reject')
          .meta({
            description:
              'What a device without a grant gets: `reject`, or admission to the network where the portal waits, by VLAN number or Filter-Id; it is asked for again after `seconds` (60 if not given).',
            form: 'reject, {vlan: number} or {filter: name}, the latter two also with seconds',
            example: { vlan: 10, seconds: 60 },
          }),
      })
      .describe('How the access points ask our RADIUS server.'),
  });
}

export function openndsGateway(secret: SecretField) {
  return z.strictObject({
    id: id.meta({
      description: 'Stable name; set `faspath /opennds/<id>` on the access point.',
      example: 'gw-opennds',
    }),
    kind: z.literal('opennds').describe('Which software redirects the visitors.'),
    site: siteId.meta({ description: 'The site it serves.', example: 'town-hall' }),
    address: hostWithPort.meta({
      description: '`gatewayaddress` of openNDS; redirects naming another are refused.',
      example: '10.77.0.1:2050',
    }),
    level: z
      .int()
      .min(0)
      .max(4)
      .refine((level) => level !== 0, asIssue('opennds-level-zero'))
      .default(2)
      .describe(
        '`fas_secure_enabled` of openNDS. 2 and 3 keep visitors from letting themselves in; 1 and 4 keep out nobody determined. 3 and 4 fetch the accepted visitors here and need `authmonPath` and an https portal.',
      ),
    faskey: secret.meta({
      description: '`faskey` of openNDS.',
      example: { file: 'secrets/gw-opennds-faskey' },
    }),
    authmonPath: secret
      .refine((given) => /^[\w-]{16,64}$/.test(given.reveal()), asIssue('form-path'))
      .optional()
      .meta({
        description:
          'Levels 3 and 4: the secret end of `faspath /opennds/<id>/<authmonPath>`, because what the access point asks there carries no other proof.',
        form: '16 to 64 letters and digits, {file: path} or {env: NAME}',
        secret: true,
        example: { file: 'secrets/gw-opennds-authmon' },
      }),
    agentSecret: secret.optional().meta({
      description:
        'Shared with stadtfunk-agent on the access point, which reports sessions and ends them. Without it: no figures, and sessions end at the gateway only.',
      example: { file: 'secrets/gw-opennds-agent' },
    }),
    sources: z
      .array(network)
      .min(1)
      .optional()
      .meta({
        description: 'Networks from which authmon and the agent may ask. Without it: from anywhere.',
        form: 'a list of IP addresses or networks',
        example: ['198.51.100.0/24'],
      }),
  });
}

export function accessPoint(secret: SecretField) {
  return z.strictObject({
    id: id.meta({ description: 'Stable name in metrics and reports.', example: 'ap-town-hall-1' }),
    name: name.meta({ description: 'What people call it: "Gym, north wall".', example: 'Town hall, entrance' }),
    site: siteId.meta({ description: 'The site it belongs to.', example: 'town-hall' }),
    calledAs: z
      .array(name)
      .optional()
      .meta({
        description:
          'What gateways call it in their redirects, besides its id: Called-Station-Id or NAS-Identifier of UAM, `ap` of UniFi, `gatewaymac` of openNDS, the name of a MikroTik router. Without it: only the id.',
        form: 'a list of addresses or names',
        example: ['78:8a:20:59:c6:99'],
      }),
    uplink: id.optional().meta({
      description:
        'The access point or device, listed here as well, through which it is reached: while that is down, this one is not called down. Without it: the `uplink` of its site.',
      form: 'the id of an access point',
    }),
    host: host.meta({
      description:
        'Address the controller asks. With `respondd` of IPv6, with an interface where it is link-local (`fe80::1%eth0`), or the group in which the node is to be found: `ff02::2%<interface>`, `ff05::2%<interface>`.',
      example: 'ap-1.wlan.musterstadt.example',
    }),
    port: port.default(161).describe('UDP port of its SNMP agent.'),
    community: secret.optional().meta({
      description: 'SNMP v2c community: short for `snmp: {version: v2c, community: ...}`.',
      example: { file: 'secrets/community' },
    }),
    snmp: snmpAccess(secret).optional().describe('How it is asked by SNMP. Without it: as `controller.snmp` says.'),
    profile: id.optional().meta({
      description:
        'The device profile: one of the product, or of `controller.profiles`. Without it: found by what the device says.',
      example: 'openwrt',
    }),
    member: name.optional().meta({
      description:
        'If `host` is a controller that answers for many access points: the name or the hardware address it has for this one.',
      example: 'ap-gym',
    }),
    respondd: z
      .strictObject({
        nodeId: z
          .string()
          .refine((text) => /^[0-9a-f]{12}$/.test(text), asIssue('form-node-id'))
          .optional()
          .meta({
            description:
              'The node’s node_id: answers of another are not believed. Without it, whoever answers first at the address.',
            form: 'twelve hexadecimal digits in lower case',
            example: 'c4e984aa0b1c',
          }),
        port: port.min(1).default(1001).describe('UDP port of its respondd.'),
      })
      .optional()
      .describe(
        'A Freifunk node (Gluon) that is asked by respondd, whether or not it has SNMP as well. Write `{}` for the usual port.',
      ),
  });
}
