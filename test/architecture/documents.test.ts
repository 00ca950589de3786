import { posix } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { files, read } from './repository';

const documents = files.filter((path) => path.endsWith('.md') && !path.startsWith('test/fixtures/'));
const folders = new Set(files.flatMap((path) => ancestors(path)));

function ancestors(path: string): string[] {
  const parent = posix.dirname(path);
  return parent === '.' ? ['.'] : [parent, ...ancestors(parent)];
}

test.each(documents)('%s links to files that exist', (document) => {
  const links = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const local = links.filter((link) => !/^([a-z]+:|#)/.test(link)).map((link) => link.replace(/#.*/, ''));
  const broken = local.filter((link) => {
    const target = posix.join(posix.dirname(document), link).replace(/\/$/, '');
    return !files.includes(target) && !folders.has(target);
  });
  expect(broken).toEqual([]);
});

test('every npm script that a document mentions exists', () => {
  const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));
  const mentioned = documents.flatMap((document) =>
    [...read(document).matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(start|test)\b)/g)].map(
      ([, run, short = '']) => [document, run ?? short] as const,
    ),
  );
  expect(mentioned.filter(([, script]) => !(script in scripts))).toEqual([]);
});

test('every npx jest that a document mentions names a folder or file that exists', () => {
  const mentioned = documents.flatMap((document) =>
    [...read(document).matchAll(/\bnpx jest ((?:test\/[\w./-]+ ?)+)/g)].flatMap(([, paths = '']) =>
      paths
        .trim()
        .split(' ')
        .map((path) => [document, path.replace(/[/.]$/, '')] as const),
    ),
  );
  expect(mentioned.filter(([, path]) => !files.some((file) => file.startsWith(path)))).toEqual([]);
});

test('publiccode.yml follows version 0.4 of the standard', () => {
  const description = z.strictObject({
    genericName: z.string().max(35),
    shortDescription: z.string().max(150),
    longDescription: z.string().min(150).max(10_000),
    features: z.array(z.string()).min(1),
  });
  const dependency = z.strictObject({
    name: z.string(),
    versionMin: z.string().optional(),
    optional: z.boolean().optional(),
  });
  // The parts of https://yml.publiccode.tools/schema.core.html that are used here; a wrong word is an error, too.
  const standard = z.strictObject({
    publiccodeYmlVersion: z.literal('0.4'),
    name: z.string(),
    url: z.url(),
    softwareType: z.enum(['standalone/backend', 'standalone/web', 'standalone/other']),
    developmentStatus: z.enum(['concept', 'development', 'beta', 'stable', 'obsolete']),
    softwareVersion: z.string().optional(),
    releaseDate: z.iso.date().optional(),
    platforms: z.array(z.string()).min(1),
    categories: z
      .array(
        z.enum(['network-management', 'visitor-management', 'digital-citizenship', 'it-management', 'communications']),
      )
      .min(1),
    intendedAudience: z.strictObject({
      countries: z.array(z.string().regex(/^[a-z]{2}$/)),
      scope: z.array(
        z.enum(['local-authorities', 'infrastructures', 'education', 'society', 'culture', 'transportation']),
      ),
    }),
    description: z.strictObject({ de: description, en: description }),
    legal: z.strictObject({ license: z.literal('EUPL-1.2'), mainCopyrightOwner: z.string() }),
    maintenance: z.strictObject({
      type: z.literal('community'),
      contacts: z.array(z.strictObject({ name: z.string(), email: z.email().optional() })).min(1),
    }),
    localisation: z.strictObject({ localisationReady: z.boolean(), availableLanguages: z.array(z.string()).min(1) }),
    dependsOn: z.strictObject({ open: z.array(dependency) }),
  });
  expect(standard.safeParse(parse(read('publiccode.yml'))).error).toBeUndefined();
});
