import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TextDecoder } from 'node:util';
import { z } from 'zod';
import { errnoOf, OperatorError } from '../core/errors';
import type { Millis } from '../core/time';
import { checkConfig, type Sections } from './checks';
import { type Explained, explain } from './explain';
import { withWholeRules } from './in-force';
import { finding } from './messages';
import { type Mistake, pathText } from './mistake';
import { secretReader } from './read-secret';
import { type Config, configSchema } from './schema';
import { readYaml, type Source } from './source';
import { about, bare, type Schema, schemasAlong, valueAt } from './walk';

export { formatMistake, type Mistake } from './mistake';

export type Loaded =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/**
 * Reads and checks a configuration file. Relative paths in it start at its own folder.
 * @param now  the time, if it is to be checked that terms are in force
 * @throws OperatorError CONFIG_UNREADABLE if the file cannot be read
 */
export function loadConfig(file: string, now?: Millis): Loaded {
  let octets: Buffer;
  try {
    octets = readFileSync(file);
  } catch (error) {
    const why = { ENOENT: 'it does not exist', EACCES: 'this user may not read it', EISDIR: 'it is a folder' }[
      errnoOf(error) ?? ''
    ];
    throw new OperatorError(
      'CONFIG_UNREADABLE',
      `Cannot read the configuration ${file}: ${why ?? String(error)}.`,
      'Give the right path, or make a new one with: stadtfunk init',
      { cause: error },
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    return { ok: false, mistakes: [{ path: '', ...finding('not-utf8') }] };
  }
  return parseConfig(text, dirname(resolve(file)), now);
}

/**
 * Checks the text of a configuration. All mistakes are reported, not only the first.
 * @param folder  where relative paths start
 * @param now  the time, if it is to be checked that terms are in force
 */
export function parseConfig(text: string, folder: string, now?: Millis): Loaded {
  const read = readYaml(text);
  if (!read.ok) return read;
  const { source } = read;
  const schema = configSchema(secretReader(folder));
  const parsed = schema.safeParse(source.value);
  const context = { folder, ...(now !== undefined && { now }) };
  const issues = parsed.success ? [] : parsed.error.issues;
  const sections = parsed.success ? parsed.data : soundSections(schema, source.value, issues);
  const found = [...issues.flatMap((issue) => explain(issue, schema, source.value)), ...checkConfig(sections, context)];
  if (parsed.success && found.length === 0)
    return { ok: true, config: withWholeRules(withAbsolutePaths(parsed.data, folder), folder) };
  const mistakes = found.map((explained) => locate(explained, schema, source));
  return { ok: false, mistakes: mistakes.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

/** The sections without an issue, so that their other mistakes are found in the same run. */
function soundSections(
  schema: ReturnType<typeof configSchema>,
  value: unknown,
  issues: readonly { readonly path: readonly PropertyKey[] }[],
): Sections {
  const broken = new Set(issues.map(({ path }) => path[0]));
  const sound = Object.keys(schema.shape).filter((key) => !broken.has(key) && valueAt(value, [key]) !== undefined);
  return schema.partial().safeParse(Object.fromEntries(sound.map((key) => [key, valueAt(value, [key])]))).data ?? {};
}

function withAbsolutePaths(config: Config, folder: string): Config {
  const { portal, terms, sites, store, radius } = config;
  const { radsec } = radius;
  return {
    ...config,
    ...(radsec?.certificates !== undefined && {
      radius: { ...radius, radsec: { ...radsec, certificates: absolute(radsec.certificates, folder) } },
    }),
    ...(portal.tls !== undefined && { portal: { ...portal, tls: absolute(portal.tls, folder) } }),
    store: withAbsoluteStore(store, folder),
    gateways: config.gateways.map((gateway) => {
      if (!('controller' in gateway) || gateway.controller.authority === undefined) return gateway;
      const authority = resolve(folder, gateway.controller.authority);
      return { ...gateway, controller: { ...gateway.controller, authority } };
    }),
    terms: terms.folder === undefined ? terms : { ...terms, folder: resolve(folder, terms.folder) },
    sites: sites.map((site) =>
      site.terms === undefined
        ? site
        : { ...site, terms: { ...site.terms, folder: resolve(folder, site.terms.folder) } },
    ),
  };
}

function withAbsoluteStore({ redis, ...store }: Config['store'], folder: string): Config['store'] {
  const place = { ...store, path: resolve(folder, store.path) };
  if (redis === undefined) return place;
  const { socket, tls } = redis;
  const files = tls && {
    ...(tls.authority !== undefined && { authority: resolve(folder, tls.authority) }),
    ...(tls.certificate !== undefined && { certificate: resolve(folder, tls.certificate) }),
    ...(tls.key !== undefined && { key: resolve(folder, tls.key) }),
  };
  const absolute = {
    ...(socket !== undefined && { socket: resolve(folder, socket) }),
    ...(tls !== undefined && { tls: { ...tls, ...files } }),
  };
  return { ...place, redis: { ...redis, ...absolute } };
}

function absolute<Files extends Readonly<Record<string, string>>>(files: Files, folder: string): Files {
  return Object.assign(
    {},
    files,
    Object.fromEntries(Object.entries(files).map(([key, file]) => [key, resolve(folder, file)])),
  );
}

function locate({ path, ...found }: Explained, schema: Schema, source: Source): Mistake {
  const line = source.lineOf(path);
  const value = mayBeShown(path, schema, source.value) ? source.textOf(path) : undefined;
  return {
    path: pathText(path),
    ...(line !== undefined && { line }),
    ...(value !== undefined && { value: value.replace(/\/\/[^/@]*@/, '//…@').slice(0, 60) }),
    ...found,
  };
}

/** Only what stands where a plain value belongs is shown: under a misspelt key, or in place of a block, may be a secret. */
function mayBeShown(path: readonly PropertyKey[], schema: Schema, value: unknown): boolean {
  const passed = schemasAlong(schema, path, value);
  const own = passed.at(-1);
  if (passed.length < path.length || own === undefined) return false;
  const isBlock = [z.ZodObject, z.ZodArray, z.ZodDiscriminatedUnion].some((type) => bare(own) instanceof type);
  return !isBlock && passed.every((step) => about(step).secret !== true);
}
