import { z } from 'zod';
import { email, name, webAddress } from './fields';
import { asIssue } from './messages';

/** What visitors find besides the terms: the town's services, imprint, accessibility statement. */

/** A text in some languages, of which German is one. @param languages  all that there are */
function translated<Language extends string>(languages: readonly Language[]) {
  return z
    .partialRecord(z.enum(languages), z.string().min(1).max(500))
    .refine((texts) => 'de' in texts, asIssue('text-german-missing'))
    .meta({ form: 'a text for each language, such as {de: Termine, en: Appointments}' });
}

const MOST_SERVICES = 8;

/** Links to what else the town offers online. */
export function services<Language extends string>(languages: readonly Language[]) {
  return z
    .array(
      z.strictObject({
        title: translated(languages).meta({
          description: 'What visitors read, by language. Where one is missing: German.',
          example: { de: 'Termine', en: 'Appointments' },
        }),
        url: webAddress.meta({
          description: 'Where the link leads.',
          example: 'https://termine.musterstadt.example',
        }),
      }),
    )
    .max(MOST_SERVICES)
    .default([]);
}

export const imprint = z
  .strictObject({
    address: z
      .string()
      .min(1)
      .meta({ description: 'Postal address at which it can be served.', example: 'Rathausplatz 1, 12345 Musterstadt' }),
    representedBy: name.meta({
      description: 'Who represents the town, with office.',
      example: 'Bürgermeisterin Erika Beispiel',
    }),
    vatId: z
      .string()
      .optional()
      .meta({ description: 'VAT identification number, if there is one.', example: 'DE000000000' }),
  })
  .optional();

/** What is not accessible, and why (Implementing Decision (EU) 2018/1523). */
export const LIMIT_REASONS = ['not-compliant', 'disproportionate', 'out-of-scope'] as const;
/** How the statement was arrived at. */
export const STATEMENT_METHODS = ['self', 'third-party'] as const;
export const CONFORMANCES = ['full', 'partial', 'none'] as const;

const date = z.iso.date().meta({ form: 'a date such as 2026-11-01', example: '2026-11-01' });

/** The statement on accessibility is made from this (BITV 2.0 section 7). */
export function accessibility<Language extends string>(languages: readonly Language[]) {
  return z.strictObject({
    law: z.string().min(1).meta({
      description: 'Law of the Land by which the town is bound.',
      example: 'Behindertengleichstellungsgesetz NRW und BITVNRW',
    }),
    conformance: z.enum(CONFORMANCES).default('partial').describe('How far the pages conform to EN 301 549.'),
    limits: z
      .array(
        z.strictObject({
          what: translated(languages).meta({
            description: 'What is not accessible, and what can be done instead.',
            example: { de: 'Es gibt noch kein Video in Deutscher Gebärdensprache.' },
          }),
          reason: z
            .enum(LIMIT_REASONS)
            .default('not-compliant')
            .describe('Why: it does not comply, it would be a disproportionate burden, or it is out of scope.'),
        }),
      )
      .default([])
      .describe('What is known not to be accessible.'),
    preparedOn: date.meta({ description: 'When the statement was prepared.' }),
    reviewedOn: date.optional().meta({ description: 'When it was last reviewed, which is due every year.' }),
    method: z.enum(STATEMENT_METHODS).default('self').describe('Who assessed the pages: the town itself or others.'),
    enforcement: z
      .strictObject({
        name: z.string().min(1).meta({
          description: 'Enforcement or arbitration body of the Land.',
          example: 'Ombudsstelle für barrierefreie Informationstechnik des Landes Nordrhein-Westfalen',
        }),
        url: webAddress.optional().meta({ description: 'Its page.', example: 'https://ombudsstelle.example' }),
        email: email.optional().meta({ description: 'Its e-mail address.', example: 'ombudsstelle@land.example' }),
        phone: z.string().optional().meta({ description: 'Its telephone number.', example: '0211 0000' }),
        address: z.string().optional().meta({ description: 'Its postal address.', example: '40190 Düsseldorf' }),
      })
      .describe('Who helps if the town does not.'),
  });
}
