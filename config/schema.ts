import { z } from 'zod';
import { accessPoint, hostapdGateway, openndsGateway, uamGateway } from './equipment';
import {
  email,
  host,
  hostWithPort,
  id,
  listen,
  listenIfSet,
  name,
  port,
  type ReadSecret,
  secretFrom,
  timeZone,
  webAddress,
} from './fields';
import { maintenance } from './maintenance';
import { asIssue } from './messages';
import { mikrotikGateway, unifiGateway } from './portal-gateways';
import { redis } from './redis';
import { blocking, calendar, rules } from './site-rules';
import { snmpAccess } from './snmp';
import { snmpProfile } from './snmp-profile';
import { syntheticVisitor } from './synthetic-visitors';
import { siteTerms, terms } from './text-fields';
import { accessibility, imprint, services } from './visitor-pages';

/**
 * The one description of the configuration. It validates, and docs/configuration.md with its example is made from it.
 * Every key has a description; one without a default has an example.
 */

/** Of the visitor's pages, as BCP 47 tags: de-simple is Leichte Sprache, kmr Kurmanji, ckb Sorani. In the order of the links. */
export const LANGUAGES = [
  'de',
  'de-simple',
  'en',
  'uk',
  'ar',
  'fa',
  'fa-AF',
  'ps',
  'tr',
  'kmr',
  'ckb',
  'ru',
  'fr',
  'es',
  'pl',
  'ro',
  'sq',
  'so',
  'ti',
  'nl',
  'it',
] as const;
export type Language = (typeof LANGUAGES)[number];

const town = z.strictObject({
  name: name.meta({ description: 'Name of the town, as visitors read it.', example: 'Musterstadt' }),
  contact: z
    .strictObject({
      email: email.meta({ description: 'Where visitors and schools write to.', example: 'wlan@musterstadt.example' }),
      phone: z.string().optional().meta({ description: 'Where they call.', example: '030 23125 000' }),
    })
    .describe('Who helps.'),
  timeZone: timeZone
    .default('Europe/Berlin')
    .describe('Time zone of the town; keys of pseudonyms change at four in the morning there.'),
  languages: z
    .array(z.enum(LANGUAGES))
    .min(1)
    .refine((list) => list.length === 0 || list.includes('de'), asIssue('german-missing'))
    .default([...LANGUAGES])
    .meta({
      description: 'Languages of the visitor’s pages; the first is used when a browser asks for none of them.',
      form: `a list from: ${LANGUAGES.join(', ')}`,
    }),
  signLanguageUrl: webAddress.optional().meta({
    description: 'A video in German Sign Language that says what this Wi-Fi is. The gateway must let it through.',
    example: 'https://www.musterstadt.example/wlan-gebaerdensprache',
  }),
  imprintUrl: webAddress.optional().meta({
    description: 'The town’s imprint (DDG § 5). The gateway must let it through before login.',
    example: 'https://www.musterstadt.example/impressum',
  }),
  privacyUrl: webAddress.optional().meta({
    description: 'The town’s full privacy notice, if there is one beyond the built-in.',
    example: 'https://www.musterstadt.example/datenschutz',
  }),
  accessibilityUrl: webAddress.optional().meta({
    description: 'The town’s accessibility statement.',
    example: 'https://www.musterstadt.example/barrierefreiheit',
  }),
  imprint: imprint.describe('The imprint on `/imprint` (DDG § 5), unless `imprint.md` lies in `terms.folder`.'),
  services: services(LANGUAGES).describe('What the town offers online, linked from the page that says one is online.'),
});

/** Gateways append a path to it, and uspot always appends `?res=`: a path or query here would be lost. */
const portalUrl = webAddress
  .superRefine((text, context) => {
    if (!URL.canParse(text)) return;
    const url = new URL(text);
    if (url.href !== `${url.origin}/`) context.addIssue(asIssue('portal-url-path', { origin: url.origin }));
  })
  .transform((text) => text.replace(/\/+$/, ''));

const site = z.strictObject({
  id: id.meta({ description: 'Stable name in addresses, metrics and reports.', example: 'town-hall' }),
  name: name.meta({ description: 'What visitors read: "Town hall square".', example: 'Rathaus' }),
  kind: z
    .enum(['square', 'school', 'public-building', 'library', 'refugee-housing', 'bus', 'other'])
    .meta({ description: 'What kind of place it is.', example: 'public-building' }),
  location: z
    .strictObject({
      latitude: z
        .number()
        .min(-90)
        .max(90)
        .meta({ description: 'Degrees north of the equator (WGS 84).', example: 52.2763 }),
      longitude: z.number().min(-180).max(180).meta({ description: 'Degrees east of Greenwich.', example: 11.4102 }),
    })
    .optional()
    .describe('Where it lies, for the map in Grafana. A bus has none. Without it: not on the map.'),
  statusPage: z
    .enum(['public', 'none'])
    .default('public')
    .describe('Whether `/status/<id>` tells everybody if the Wi-Fi works here.'),
  statusLink: z.int().min(1).optional().meta({
    description:
      'Lets those who have the link that `stadtfunk status link` prints read the status page although it is not public. A higher number makes every link before it void. Without it: nobody.',
    example: 1,
  }),
  uplink: id.optional().meta({
    description:
      'The access point or device under `accessPoints` through which those of this site are reached: while it is down, they are not called down. Without it: each for itself.',
    form: 'the id of an access point',
    example: 'ap-town-hall-1',
  }),
  rules: rules.describe('What a visitor may do here.'),
  examLink: z.int().min(1).optional().meta({
    description:
      'Lets the school itself switch its Wi-Fi off for an exam, by the link that `stadtfunk school link` prints. A higher number makes every link before it void. Without it: only `stadtfunk exam`.',
    example: 1,
  }),
  terms: siteTerms.describe('Texts of its own, for example a school’s terms.'),
  services: services(LANGUAGES).describe('Services linked here, before those of the town.'),
  servicesBeforeLogin: z
    .boolean()
    .default(false)
    .describe(
      'Whether the gateways here let visitors reach the services before they accept the terms; `stadtfunk walled-garden` says which hosts that takes.',
    ),
});

const limits = z
  .strictObject({
    connections: z
      .int()
      .min(10)
      .default(4096)
      .describe(
        'Connections open at a time, at each listener. When there are more, those that have been silent for longest are ended.',
      ),
    connectionsPerSource: z
      .int()
      .min(4)
      .default(1024)
      .describe(
        'Of these from one address, or one /64 of IPv6; with `trustProxy`: requests at a time. Everybody behind a gateway with address translation has the same.',
      ),
    requestSeconds: z
      .number()
      .min(1)
      .max(300)
      .default(20)
      .describe('Time for a request to arrive, and for its answer to be taken.'),
    unconfirmedPerHour: z
      .int()
      .min(10)
      .default(4000)
      .describe(
        'At each gateway whose redirects nothing signs: acceptances of which the gateway has not said that the device is there. One address, or one /56 of IPv6, gets no more than is left for all others; where visitors came from within the last day there is half as much again for them alone. Whoever comes through the gateway does not count.',
      ),
  })
  .prefault({});

const radsec = z
  .strictObject({
    host: host.default('0.0.0.0').describe('Address to listen on.'),
    port: port.default(2083).describe('TCP port.'),
    certificates: z
      .strictObject({
        certificate: z.string().min(1).meta({
          description: 'PEM file with the certificate of this server, then those between it and its authority.',
          example: 'tls/radius.pem',
        }),
        key: z.string().min(1).meta({
          description: 'PEM file with the private key of this server, without a passphrase.',
          example: 'tls/radius.key',
        }),
        clientAuthority: z.string().min(1).meta({
          description: 'PEM file with the authority whose certificates gateways show: best one of your own.',
          example: 'tls/gateways-ca.pem',
        }),
      })
      .optional()
      .describe('For gateways that show a certificate. Without it only those with a `psk` can connect.'),
  })
  .describe('RADIUS over TLS (RFC 6614). Without it: off.');

/**
 * The schema of town.yaml, key by key; config/checks.ts adds what only several keys together show.
 * @param readSecret  how secrets in files and variables are read; the result holds them as `Secret`
 */
export function configSchema(readSecret: ReadSecret) {
  const secret = secretFrom(readSecret);
  const gateway = z.discriminatedUnion('kind', [
    uamGateway('uspot', secret, '10.1.0.1'),
    uamGateway('coovachilli', secret, '10.2.0.0/24'),
    openndsGateway(secret),
    mikrotikGateway(secret),
    unifiGateway(secret),
    hostapdGateway(secret),
  ]);
  return z.strictObject({
    demo: z
      .boolean()
      .default(false)
      .describe('Runs simulated gateways, access points and visitors. Never in a real town.'),
    town: town.describe('The town itself.'),
    key: secret.meta({
      description: 'Secret from which everything stored is protected; at least 32 characters.',
      example: { file: 'secrets/key' },
    }),
    portal: z
      .strictObject({
        url: portalUrl.meta({
          description: 'Address at which visitors reach the portal: scheme, host and port, no path.',
          example: 'https://wlan.musterstadt.example',
        }),
        listen: listen('::', 8080).describe(
          'Where the portal listens: with HTTPS if there is `tls`, else with plain HTTP.',
        ),
        tls: z
          .strictObject({
            certificate: z.string().min(1).meta({
              description: 'PEM file with the certificate of the portal, then those between it and its authority.',
              example: 'tls/portal.pem',
            }),
            key: z.string().min(1).meta({
              description: 'PEM file with its private key, without a passphrase.',
              example: 'tls/portal.key',
            }),
          })
          .optional()
          .describe(
            'HTTPS of the portal itself. Renewed files are taken up within a minute, or at once on SIGHUP; no connection is dropped. Without it: plain HTTP, for a proxy in front that speaks HTTPS.',
          ),
        probes: listenIfSet('::', 80)
          .optional()
          .describe(
            'A second listener, plain HTTP. Who asks it for the portal is led to `url`, but for visitors whom openNDS sends to plain HTTP. Everything else is what captive devices ask of the internet, sent here by a gateway without interception of its own: it is led on to the gateway’s login or to the portal. Without it: off.',
          ),
        trustProxy: z
          .int()
          .min(0)
          .default(0)
          .describe(
            'How many proxies of yours stand in front of the portal. Only what they write into X-Forwarded-For and X-Forwarded-Proto is believed.',
          ),
        limits: limits.describe('What one visitor, or all together, may take of the portal.'),
      })
      .describe('What visitors meet.'),
    radius: z
      .strictObject({
        host: host.default('0.0.0.0').describe('Address to listen on.'),
        authenticationPort: port.default(1812).describe('UDP port for Access-Requests.'),
        accountingPort: port.default(1813).describe('UDP port for Accounting-Requests.'),
        radsec: radsec.optional(),
      })
      .prefault({})
      .describe('What gateways ask.'),
    controller: z
      .strictObject({
        pollSeconds: z.number().min(1).default(60).describe('Each access point is asked once in this time.'),
        missesUntilDown: z.int().min(1).default(3).describe('Polls in a row without answer until it is called down.'),
        answersUntilUp: z.int().min(1).default(2).describe('Answers in a row until it is called up again.'),
        ownConnection: z
          .array(hostWithPort)
          .default([])
          .meta({
            description:
              'Devices beside the controller that answer as long as its own line works, like the default gateway: asked by TCP when no access point answers any more; a refusal is an answer. If they are silent, too, nothing is called down. Without them: three or more access points silent at once are its own line.',
            form: 'a list of host:port',
            example: ['10.0.0.1:443'],
          }),
        snmp: snmpAccess(secret)
          .optional()
          .describe('How access points are asked by SNMP that say neither `snmp` nor `community` themselves.'),
        traps: listenIfSet('0.0.0.0', 162)
          .optional()
          .describe(
            'Where SNMP traps of the access points are heard (v2c and v3; coldStart, warmStart, linkDown, linkUp), with the community or user with which each is asked. A trap only makes the controller ask sooner. Without it: off.',
          ),
        profiles: z
          .array(snmpProfile)
          .default([])
          .describe('Device profiles of your own, tried before those of the product.'),
      })
      .prefault({})
      .describe('What watches the access points.'),
    ops: z
      .strictObject({
        listen: listen('127.0.0.1', 9180).describe(
          'Where /metrics, /metrics/aps, /sd/aps, /healthz and /readyz are served.',
        ),
      })
      .prefault({})
      .describe('What monitoring asks.'),
    store: z
      .strictObject({
        kind: z
          .enum(['embedded', 'redis'])
          .default('embedded')
          .describe(
            '`embedded`: files in a folder, no other service. `redis`: a Redis, which several processes may share.',
          ),
        path: z.string().min(1).default('./data').describe('Folder of the embedded store.'),
        redis: redis(secret).optional().describe('The Redis of `kind: redis`.'),
      })
      .prefault({})
      .describe('Where everything is kept. Relative paths, here and everywhere, start at the folder of this file.'),
    log: z
      .strictObject({
        level: z
          .enum(['debug', 'info', 'warn', 'error'])
          .default('info')
          .describe('The least important lines still written.'),
      })
      .prefault({})
      .describe('What is written to standard output, as JSON lines.'),
    accessibility: accessibility(LANGUAGES)
      .optional()
      .describe('The accessibility statement, unless `accessibility.md` lies in `terms.folder`.'),
    terms: terms.describe('The text that visitors accept.'),
    sites: z.array(site).min(1).describe('Places with free Wi-Fi.'),
    calendars: z.array(calendar).default([]).describe('Days on which sites stay closed: public and school holidays.'),
    blockings: z
      .array(blocking)
      .default([])
      .describe('What cannot be reached because a rights holder demands it (DDG § 8).'),
    gateways: z.array(gateway).default([]).describe('What redirects visitors to the portal.'),
    syntheticVisitors: z
      .array(syntheticVisitor)
      .default([])
      .describe('Visitors that the controller plays through test gateways, again and again.'),
    accessPoints: z.array(accessPoint(secret)).default([]).describe('Radios whose health is watched.'),
    maintenance: z
      .array(maintenance)
      .default([])
      .describe(
        'Planned work: shown to schools, alarms nobody and does not count. `stadtfunk maintenance` adds what is not planned.',
      ),
  });
}

export type Config = z.output<ReturnType<typeof configSchema>>;
export type Site = Config['sites'][number];
export type Gateway = Config['gateways'][number];
export type UamGateway = Extract<Gateway, { uam: unknown }>;
export type RadiusGateway = Extract<Gateway, { radius: unknown }>;
export type OpenndsGateway = Extract<Gateway, { kind: 'opennds' }>;
export type MikrotikGateway = Extract<Gateway, { kind: 'mikrotik' }>;
export type UnifiGateway = Extract<Gateway, { kind: 'unifi' }>;
export type AccessPoint = Config['accessPoints'][number];
