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

const column = oid.optional();

const radioTable = z.strictObject({
  name: column,
  band: z.strictObject({ column: oid, is: z.record(z.string(), z.enum(['2.4', '5', '6'])) }).optional(),
  frequencyMhz: column,
  channel: column,
  clients: column,
  noiseDbm: column,
  channelUtilizationPercent: column,
  zeroIsUnknown: z.boolean().optional(),
});

/** `1.3.6.1.4.1.8072.1.3.2.3.1.1."clients-{name}"`: the text in quotes becomes its length and its characters. */
const template = z
  .string()
  .refine((text) => /^[0-2](\.\d{1,10})+\."[^"]*\{name\}[^"]*"$/.test(text), asIssue('form-oid'))
  .optional();

export const snmpProfile = z.strictObject({
  id: id.meta({ description: 'Its name in `profile` of an access point.', example: 'example-ap' }),
  vendor: z.string().max(40).optional().meta({ description: 'Who makes the device.', example: 'Example' }),
  match: z
    .strictObject({
      objectIds: z.array(oid).optional(),
      answers: z.array(oid).optional(),
    })
    .refine(({ objectIds = [], answers = [] }) => objectIds.length + answers.length > 0, asIssue('profile-matches-all'))
    .meta({
      description:
        'Which devices it is for: sysObjectID begins with one of `objectIds`, and something is there below one of `answers`. One of the two may be left out.',
      form: '{objectIds: [...], answers: [...]}',
      example: { objectIds: ['1.3.6.1.4.1.99999'], answers: ['1.3.6.1.4.1.99999.1'] },
    }),
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
    .meta({
      description:
        'Tables with a row for each radio or network: columns `name`, `band` (`{column, is: {text: band}}`), `frequencyMhz`, `channel`, `clients`, `noiseDbm`, `channelUtilizationPercent`. Without `name` the interface with the same index gives it. `zeroIsUnknown`: where the device writes 0 for what it does not know.',
      form: 'a list of tables, each a mapping of columns to object identifiers',
      example: [{ frequencyMhz: '1.3.6.1.4.1.99999.2.1.3', clients: '1.3.6.1.4.1.99999.2.1.4' }],
    }),
  namedRadios: z
    .strictObject({ names: oid, frequencyMhz: template, clients: template, noiseDbm: template })
    .optional()
    .meta({
      description:
        'The same where each value has an object of its own with the radio’s name in it. `names`: the object that lists them, one a line, what follows a comma is not read.',
      form: '{names, frequencyMhz, clients, noiseDbm}; in the latter three {name} stands for the radio, and quoted text for its length and characters',
      example: { names: '1.3.6.1.4.1.99999.3.1.0', clients: '1.3.6.1.4.1.99999.3.2."clients-{name}"' },
    }),
  members: z
    .strictObject({
      name: oid,
      status: z.strictObject({ column: oid, up: z.int() }).optional(),
      scalars: sources.default({}),
      radios: radioTable.optional(),
    })
    .optional()
    .meta({
      description:
        'For a controller that answers for many access points: the column with their names, which has their hardware address as its index; `status` with the number that means up; columns with single values; the table of radios, whose index begins with that of the access point. `member` of the access point says which row is its own.',
      form: '{name, status: {column, up}, scalars, radios}',
      example: { name: '1.3.6.1.4.1.99999.4.1.2', status: { column: '1.3.6.1.4.1.99999.4.1.3', up: 1 } },
    }),
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
