import { z } from 'zod';
import { id } from './fields';
import { asIssue } from './messages';

/**
 * A device profile: which object of which MIB says what. The profiles that come with the product have this shape, too,
 * so a town can add one for its own devices without touching code.
 */

const oid = z
  .string()
  .refine((text) => /^[0-2](\.\d{1,10})+$/.test(text), asIssue('form-oid'))
  .meta({ form: 'an object identifier in numbers, without a leading dot' });

/** Single values, with the unit in the name. */
export const SCALARS = [
  'description',
  'hostUptimeTicks',
  'agentUptimeTicks',
  'load1Hundredths',
  'memoryTotalKibibytes',
  'memoryAvailableKibibytes',
  'memoryFreeKibibytes',
  'memoryBuffersKibibytes',
  'memoryCachedKibibytes',
  'memoryUsedKibibytes',
  'memoryTotalBytes',
  'memoryFreeBytes',
  'clients',
  'model',
  'firmware',
] as const;
export type ScalarName = (typeof SCALARS)[number];

/** A text is only read where it matches; its first group is the value. */
const pattern = z
  .string()
  .refine(isPattern, asIssue('form-pattern'))
  .meta({ form: 'a regular expression with one group' });

function isPattern(text: string): boolean {
  try {
    return new RegExp(`${text}|`).exec('')?.length === 2;
  } catch {
    return false;
  }
}

const source = z
  .union([oid, z.strictObject({ oid, pattern }), z.strictObject({ below: oid })])
  .meta({ form: 'an object identifier, {oid, pattern} or {below: the branch whose first object counts}' });

const sources = z.partialRecord(z.enum(SCALARS), z.array(source).min(1));

const OWN = '1.3.6.1.4.1.99999';

function columnOf(description: string, example: string) {
  return oid.optional().meta({ description, example: `${OWN}.2.1.${example}` });
}

const radioTable = z.strictObject({
  name: columnOf('Its name. Without it: that of the interface with the same index.', '2'),
  band: z
    .strictObject({
      column: oid.meta({ description: 'The column with the text.', example: `${OWN}.2.1.2` }),
      is: z
        .record(z.string(), z.enum(['2.4', '5', '6']))
        .meta({ description: 'The band for each text.', form: '{text: band}', example: { ng: '2.4', na: '5' } }),
    })
    .optional()
    .describe('The band, where a text tells it. Otherwise frequency or channel do.'),
  frequencyMhz: columnOf('Frequency.', '3'),
  channel: columnOf('Channel of 2.4 or 5 GHz.', '7'),
  clients: columnOf('Devices in its cell.', '4'),
  noiseDbm: columnOf('Noise, with or without its sign.', '6'),
  channelUtilizationPercent: columnOf('How much of the time the channel is busy, whoever sends.', '5'),
  channelUtilizationPermille: columnOf('The same in thousandths, where the device counts so.', '8'),
  zeroIsUnknown: z
    .boolean()
    .optional()
    .meta({ description: 'Whether the device writes 0 for what it does not know; not for clients.', example: true }),
});

/** `1.3.6.1.4.1.8072.1.3.2.3.1.1."clients-{name}"`: the text in quotes becomes its length and its characters. */
function templateOf(description: string, word: string) {
  return z
    .string()
    .refine((text) => /^[0-2](\.\d{1,10})+\."[^"]*\{name\}[^"]*"$/.test(text), asIssue('form-oid'))
    .optional()
    .meta({
      description,
      form: 'an object identifier that ends in a text in quotes, with {name} for the radio',
      example: `${OWN}.3.2."${word}-{name}"`,
    });
}

export const snmpProfile = z.strictObject({
  id: id.meta({ description: 'Its name in `profile` of an access point.', example: 'example-ap' }),
  vendor: z.string().max(40).optional().meta({ description: 'Who makes the device.', example: 'Example' }),
  match: z
    .strictObject({
      objectIds: z
        .array(oid)
        .optional()
        .meta({ description: 'sysObjectID begins with one of these.', example: ['1.3.6.1.4.1.99999'] }),
      answers: z
        .array(oid)
        .optional()
        .meta({ description: 'Something is there below one of these.', example: ['1.3.6.1.4.1.99999.1'] }),
    })
    .refine(({ objectIds = [], answers = [] }) => objectIds.length + answers.length > 0, asIssue('profile-matches-all'))
    .describe('Which devices it is for: both have to be true, or the one that is given.'),
  scalars: sources.default({}).meta({
    description: `Single values: ${SCALARS.join(', ')}. For each a list; the first that the device has counts. The description and uptime that every device has need not be named.`,
    form: 'for each name a list of object identifiers, {oid, pattern} or {below}',
    example: {
      clients: ['1.3.6.1.4.1.99999.1.5.0'],
      firmware: [{ oid: '1.3.6.1.2.1.1.1.0', pattern: 'Version (\\S+)' }],
    },
  }),
  radios: z
    .array(radioTable)
    .default([])
    .describe('Tables with a row for each radio or network; several on one radio are summed up by its name.'),
  namedRadios: z
    .strictObject({
      names: oid.meta({
        description: 'The object that lists the radios, one a line; what follows a comma is not read.',
        example: `${OWN}.3.1.0`,
      }),
      frequencyMhz: templateOf('Frequency.', 'frequency'),
      clients: templateOf('Devices in its cell.', 'clients'),
      noiseDbm: templateOf('Noise.', 'noise'),
    })
    .optional()
    .describe('The same where each value has an object of its own, with the name of the radio as its index.'),
  members: z
    .strictObject({
      name: oid.meta({
        description: 'The column with the names of the access points; its index is their hardware address.',
        example: `${OWN}.4.1.2`,
      }),
      status: z
        .strictObject({
          column: oid.meta({ description: 'The column that says it.', example: `${OWN}.4.1.3` }),
          up: z.int().meta({ description: 'The number that means up.', example: 1 }),
        })
        .optional()
        .describe('Whether the access point is up, as the controller sees it.'),
      scalars: sources.default({}).meta({
        description: 'Columns with single values, named as in `scalars` of the profile.',
        form: 'for each name a list of object identifiers',
        example: { model: [`${OWN}.4.1.4`] },
      }),
      radios: radioTable.optional().describe('The table of radios; its index begins with that of the access point.'),
    })
    .optional()
    .describe(
      'For a controller that answers for many access points: `member` of the access point says which row is its own.',
    ),
  uplink: z
    .array(z.string().min(1))
    .default([])
    .meta({
      description: 'Names of the interface to the wire; the first that is there counts.',
      example: ['eth0'],
    }),
  wlan: z
    .array(z.string().min(1))
    .default([])
    .meta({ description: 'What the names of the interfaces to the air begin with.', example: ['wlan', 'ath'] }),
});

/** As it is written, in a configuration or in controller/profiles. */
export type ProfileData = z.input<typeof snmpProfile>;
export type Profile = z.output<typeof snmpProfile>;
export type ValueSource = z.output<typeof source>;
export type RadioTable = z.output<typeof radioTable>;
