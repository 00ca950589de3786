import { z } from 'zod';
import { asIssue } from './messages';

/** The long texts: which versions of the terms there are, and in which folders the texts lie (config/documents.ts). */

const versions = z
  .array(
    z.strictObject({
      version: z
        .string()
        .refine((text) => /^[\w.-]+$/.test(text), asIssue('form-version'))
        .meta({ description: 'Name of the file without .md.', example: '2026-11' }),
      validFrom: z.iso.date().meta({
        description: 'First day on which it is in force.',
        form: 'a date such as 2026-11-01',
        example: '2026-11-01',
      }),
      reaccept: z
        .boolean()
        .default(true)
        .describe('Whether those who accepted an earlier version must accept this one too. A corrected comma: false.'),
    }),
  )
  .min(1);

export const terms = z
  .strictObject({
    folder: z.string().min(1).optional().meta({
      description:
        'Folder with `<language>/<version>.md`, and `privacy.md`, `imprint.md` or `accessibility.md` beside it; without it: the texts that come with Stadtfunk.',
    }),
    versions: versions
      .default([{ version: '2026-11', validFrom: '2026-11-01', reaccept: true }])
      .describe('The versions of the terms; the newest one in force is shown.'),
    reviewedOnly: z
      .boolean()
      .default(false)
      .describe('Shows translations of these texts only if a person has reviewed them, otherwise the German text.'),
  })
  .prefault({});

export const siteTerms = z
  .strictObject({
    folder: z.string().min(1).meta({
      description: 'Folder as in `terms.folder`. What it does not hold is the town’s.',
      example: 'texts/school',
    }),
    versions: versions
      .optional()
      .describe('Versions of terms of its own, in this folder; without it the town’s terms apply.'),
  })
  .optional();
