import { z } from 'zod';
import { host, hostWithPort, id, name, network, port, type SecretField } from './fields';

/** What stands at the sites: gateways, one shape for each kind, and access points. */

const siteId = id.meta({ form: 'the id of a site' });

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
        address: host.meta({
          description: 'Address of the gateway as visitors reach it; redirects naming another are refused.',
          example: '10.1.0.1',
        }),
        port: port.default(3990).describe('Port of its login page.'),
        secret: secret.optional().meta({
          description: 'UAM secret, if the gateway has one.',
          example: { file: `secrets/gw-${kind}-uam` },
        }),
      })
      .describe('How the visitor’s browser logs in at the gateway.'),
    radius: z
      .strictObject({
        clients: z
          .array(network)
          .min(1)
          .meta({
            description: 'Addresses or networks its RADIUS packets come from; no two gateways share one.',
            form: 'a list of IP addresses or networks',
            example: [exampleClient],
          }),
        secret: secret.meta({ description: 'RADIUS shared secret.', example: { file: `secrets/gw-${kind}-radius` } }),
        requireMessageAuthenticator: z
          .boolean()
          .default(true)
          .describe(
            'Refuse requests without Message-Authenticator (BlastRADIUS). Switch off only for a gateway that cannot sign.',
          ),
      })
      .describe('How the gateway asks our RADIUS server.'),
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
    faskey: secret.meta({
      description: '`faskey` of openNDS (level 2).',
      example: { file: 'secrets/gw-opennds-faskey' },
    }),
  });
}

export function accessPoint(secret: SecretField) {
  return z.strictObject({
    id: id.meta({ description: 'Stable name in metrics and reports.', example: 'ap-town-hall-1' }),
    name: name.meta({ description: 'What people call it: "Gym, north wall".', example: 'Town hall, entrance' }),
    site: siteId.meta({ description: 'The site it belongs to.', example: 'town-hall' }),
    host: host.meta({ description: 'Address the controller asks by SNMP.', example: '10.1.0.11' }),
    port: port.default(161).describe('UDP port of its SNMP agent.'),
    community: secret.meta({ description: 'SNMP v2c community.', example: { file: 'secrets/community' } }),
  });
}
