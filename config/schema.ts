import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { Secret } from './secret';

/**
 * The one description of the configuration. It validates, and docs/configuration.md is made from it. Every key has a
 * description; a mistake that zod alone cannot name carries its remedy in `params.remedy`.
 */

/** Reads a secret that the configuration names by file or environment variable; throws an Error saying why it cannot. */
export type ReadSecret = (source: { file: string } | { env: string }) => string;

export const LANGUAGES = ['de', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

const MEGABYTE = 1_000_000;

const id = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must consist of lower-case letters and digits, joined by dashes, as in town-hall')
  .max(40);

const port = z.int().min(0).max(65535);

function listen(host: string, defaultPort: number) {
  return z
    .strictObject({
      host: z.string().default(host).describe('Address to listen on; 0.0.0.0 means every one of this machine.'),
      port: port.default(defaultPort).describe('Port; 0 lets the system choose one.'),
    })
    .prefault({});
}

const network = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || ipaddr.isValidCIDR(text),
    'must be an IP address or a network such as 10.1.0.0/24',
  );

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const SECRET_FORM = 'a text, {file: path} or {env: NAME}';

/** A secret given directly, by file or by environment variable; in the result it is a `Secret` either way. */
function secretFrom(read: ReadSecret) {
  return z
    .union(
      [z.string(), z.strictObject({ file: z.string() }), z.strictObject({ env: z.string() })],
      `must be ${SECRET_FORM}`,
    )
    .transform((source, context) => {
      if (typeof source === 'string') return new Secret(source);
      try {
        return new Secret(read(source).trimEnd());
      } catch (error) {
        context.addIssue({
          code: 'custom',
          message: error instanceof Error ? error.message : String(error),
          params: {
            remedy: 'file' in source ? 'Create the file or correct its path.' : 'Set the variable for the service.',
          },
        });
        return z.NEVER;
      }
    });
}

const rules = z
  .strictObject({
    sessionMinutes: z
      .number()
      .positive()
      .max(1440, 'must be at most 1440 (a day): a device address must not be an entitlement for longer')
      .default(240)
      .describe('How long one acceptance of the terms lasts.'),
    idleMinutes: z.number().positive().default(30).describe('A session without traffic ends after this time.'),
    maxMegabytes: z
      .number()
      .positive()
      .optional()
      .describe('Volume per device and day, both ways. Without it: unlimited.'),
    downMbit: z
      .number()
      .positive()
      .optional()
      .describe('Speed towards the visitor, Mbit/s. Without it: as fast as the line.'),
    upMbit: z
      .number()
      .positive()
      .optional()
      .describe('Speed from the visitor, Mbit/s. Without it: as fast as the line.'),
  })
  .prefault({})
  .transform((rules) => ({
    sessionSeconds: Math.round(rules.sessionMinutes * 60),
    idleSeconds: Math.round(rules.idleMinutes * 60),
    ...(rules.maxMegabytes !== undefined && { maxOctets: Math.round(rules.maxMegabytes * MEGABYTE) }),
    ...(rules.downMbit !== undefined && { downBitsPerSecond: Math.round(rules.downMbit * 1e6) }),
    ...(rules.upMbit !== undefined && { upBitsPerSecond: Math.round(rules.upMbit * 1e6) }),
  }));

const site = z.strictObject({
  id: id.describe('Stable name in addresses, metrics and reports.'),
  name: z.string().min(1).max(80).describe('What visitors read: "Town hall square".'),
  kind: z
    .enum(['square', 'school', 'public-building', 'library', 'refugee-housing', 'bus', 'other'])
    .describe('What kind of place it is.'),
  statusPage: z
    .enum(['public', 'none'])
    .default('public')
    .describe('Whether /status/<id> tells everybody if the Wi-Fi works here.'),
  rules: rules.describe('What a visitor may do here.'),
});

function uamGateway<Kind extends string>(kind: Kind, secret: ReturnType<typeof secretFrom>) {
  return z.strictObject({
    id: id.describe('Stable name; the gateway sends visitors to <portal.url>/uam/<id>.'),
    kind: z.literal(kind).describe('Which software redirects the visitors.'),
    site: id.describe('The site it serves.'),
    uam: z
      .strictObject({
        address: z
          .string()
          .min(1)
          .describe('Address of the gateway as visitors reach it; redirects naming another are refused.'),
        port: port.default(3990).describe('Port of its login page.'),
        secret: secret.optional().describe(`UAM secret, if the gateway has one: ${SECRET_FORM}.`),
      })
      .describe('How the visitor’s browser logs in at the gateway.'),
    radius: z
      .strictObject({
        clients: z.array(network).min(1).describe('Addresses or networks its RADIUS packets come from.'),
        secret: secret.describe(`RADIUS shared secret: ${SECRET_FORM}.`),
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

function opennds(secret: ReturnType<typeof secretFrom>) {
  return z.strictObject({
    id: id.describe('Stable name; set `faspath /opennds/<id>` on the access point.'),
    kind: z.literal('opennds').describe('Which software redirects the visitors.'),
    site: id.describe('The site it serves.'),
    address: z
      .string()
      .regex(/^[^/\s]+:\d+$/, 'must be host:port, as in 10.77.0.1:2050')
      .describe('`gatewayaddress` of openNDS; redirects naming another are refused.'),
    faskey: secret.describe(`\`faskey\` of openNDS (level 2): ${SECRET_FORM}.`),
  });
}

function accessPoint(secret: ReturnType<typeof secretFrom>) {
  return z.strictObject({
    id: id.describe('Stable name in metrics and reports.'),
    name: z.string().min(1).max(80).describe('What people call it: "Gym, north wall".'),
    site: id.describe('The site it belongs to.'),
    host: z.string().min(1).describe('Address the controller asks by SNMP.'),
    port: port.default(161).describe('UDP port of its SNMP agent.'),
    community: secret.describe(`SNMP v2c community: ${SECRET_FORM}.`),
  });
}

/**
 * The schema of town.yaml, key by key; config/checks.ts adds what only several keys together show.
 * @param readSecret  how secrets in files and variables are read; the result holds them as `Secret`
 */
export function configSchema(readSecret: ReadSecret) {
  const secret = secretFrom(readSecret);
  return z.strictObject({
    demo: z
      .boolean()
      .default(false)
      .describe('Runs simulated gateways, access points and visitors. Never in a real town.'),
    town: z
      .strictObject({
        name: z.string().min(1).max(80).describe('Name of the town, as visitors read it.'),
        contact: z
          .strictObject({
            email: z.email().describe('Where visitors and schools write to.'),
            phone: z.string().optional().describe('Where they call.'),
          })
          .describe('Who helps.'),
        timeZone: z
          .string()
          .refine(isTimeZone, 'must be a time zone such as Europe/Berlin')
          .default('Europe/Berlin')
          .describe('Time zone of the town; keys of pseudonyms change at four in the morning there.'),
        languages: z
          .array(z.enum(LANGUAGES))
          .min(1)
          .default([...LANGUAGES])
          .refine((list) => list.includes('de'), 'must contain de: the German text is the binding one')
          .describe('Languages of the visitor’s pages; the first is used when a browser asks for none of them.'),
        imprintUrl: z
          .url()
          .optional()
          .describe('The town’s imprint (DDG § 5). The gateway must let it through before login.'),
        privacyUrl: z.url().optional().describe('The town’s full privacy notice, if there is one beyond the built-in.'),
        accessibilityUrl: z.url().optional().describe('The town’s accessibility statement.'),
      })
      .describe('The town itself.'),
    key: secret.describe(`Secret from which everything stored is protected; at least 32 characters: ${SECRET_FORM}.`),
    portal: z
      .strictObject({
        url: z
          .url({ protocol: /^https?$/, error: 'must be a web address such as https://wlan.example.de' })
          .transform((url) => url.replace(/\/+$/, ''))
          .describe('Address at which visitors reach the portal.'),
        listen: listen('0.0.0.0', 8080).describe('Where the portal listens.'),
        trustProxy: z.int().min(0).default(0).describe('How many proxies of yours stand in front of the portal.'),
      })
      .describe('What visitors meet.'),
    radius: z
      .strictObject({
        host: z.string().default('0.0.0.0').describe('Address to listen on.'),
        authenticationPort: port.default(1812).describe('UDP port for Access-Requests.'),
        accountingPort: port.default(1813).describe('UDP port for Accounting-Requests.'),
      })
      .prefault({})
      .describe('What gateways ask.'),
    controller: z
      .strictObject({
        pollSeconds: z.number().min(1).default(60).describe('Each access point is asked once in this time.'),
        missesUntilDown: z.int().min(1).default(3).describe('Polls in a row without answer until it is called down.'),
        answersUntilUp: z.int().min(1).default(2).describe('Answers in a row until it is called up again.'),
      })
      .prefault({})
      .describe('What watches the access points.'),
    ops: z
      .strictObject({
        listen: listen('127.0.0.1', 9180).describe('Where /metrics, /healthz and /readyz are served.'),
      })
      .prefault({})
      .describe('What monitoring asks.'),
    store: z
      .strictObject({
        kind: z
          .literal('embedded')
          .default('embedded')
          .describe('The embedded store: files in a folder, no other service.'),
        path: z.string().default('./data').describe('Folder of the embedded store.'),
      })
      .prefault({})
      .describe('Where everything is kept.'),
    log: z
      .strictObject({
        level: z
          .enum(['debug', 'info', 'warn', 'error'])
          .default('info')
          .describe('The least important lines still written.'),
      })
      .prefault({})
      .describe('What is written to standard output, as JSON lines.'),
    terms: z
      .strictObject({
        folder: z
          .string()
          .optional()
          .describe('Folder with <language>/<version>.md; without it: the texts that come with Stadtfunk.'),
        versions: z
          .array(
            z.strictObject({
              version: z
                .string()
                .regex(/^[\w.-]+$/)
                .describe('Name of the file without .md.'),
              validFrom: z.iso.date().describe('First day on which it is in force, as 2026-11-01.'),
            }),
          )
          .min(1)
          .default([{ version: '2026-11', validFrom: '2026-11-01' }])
          .describe('The versions of the terms; the newest one in force is shown.'),
      })
      .prefault({})
      .describe('The text that visitors accept.'),
    sites: z.array(site).min(1).describe('Places with free Wi-Fi.'),
    gateways: z
      .array(
        z.discriminatedUnion('kind', [uamGateway('uspot', secret), uamGateway('coovachilli', secret), opennds(secret)]),
      )
      .default([])
      .describe('What redirects visitors to the portal.'),
    accessPoints: z.array(accessPoint(secret)).default([]).describe('Radios whose health is watched.'),
  });
}

export type Config = z.output<ReturnType<typeof configSchema>>;
export type Site = Config['sites'][number];
export type Gateway = Config['gateways'][number];
export type UamGateway = Extract<Gateway, { uam: unknown }>;
export type OpenndsGateway = Extract<Gateway, { kind: 'opennds' }>;
export type AccessPoint = Config['accessPoints'][number];
