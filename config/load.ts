import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { errnoOf, OperatorError } from '../core/errors';
import { checkConfig } from './checks';
import { type Config, configSchema, type ReadSecret } from './schema';

/** One mistake in a configuration: where, what is there, what is wrong, what to do. */
export interface Mistake {
  /** As one writes it: `sites[0].rules.sessionMinutes`; empty for the file as a whole. */
  readonly path: string;
  readonly line?: number;
  /** What stands there, shortened; left out for secrets. */
  readonly value?: string;
  readonly message: string;
  readonly remedy: string;
}

export type Loaded =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/**
 * Reads and checks a configuration file. Relative paths in it start at its own folder.
 * @throws OperatorError CONFIG_UNREADABLE if the file cannot be read
 */
export function loadConfig(file: string): Loaded {
  const folder = dirname(resolve(file));
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = { ENOENT: 'it does not exist', EACCES: 'this user may not read it', EISDIR: 'it is a folder' }[
      errnoOf(error) ?? ''
    ];
    throw new OperatorError(
      'CONFIG_UNREADABLE',
      `Cannot read the configuration ${file}: ${why ?? String(error)}.`,
      'Give the right path with --config, or make a new one with: stadtfunk init',
      { cause: error },
    );
  }
  return parseConfig(text, folder);
}

/**
 * Checks the text of a configuration. All mistakes are reported, not only the first.
 * @param folder  where relative paths start
 */
export function parseConfig(text: string, folder: string): Loaded {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    return {
      ok: false,
      mistakes: document.errors.map((error) => ({
        path: '',
        line: lines.linePos(error.pos[0]).line,
        message: `This is not YAML: ${error.message.split('\n')[0]?.replace(/ at line .*$/, '')}.`,
        remedy: 'Check indentation, colons and quotes around this line.',
      })),
    };
  }
  const parsed = configSchema(secretReader(folder)).safeParse(document.toJS(), { reportInput: false });
  if (!parsed.success)
    return { ok: false, mistakes: parsed.error.issues.flatMap((issue) => describe(issue, document, lines)) };

  const found = checkConfig(parsed.data);
  if (found.length > 0) {
    return {
      ok: false,
      mistakes: found.map(({ path, message, remedy }) => locate(document, lines, path, message, remedy)),
    };
  }
  return { ok: true, config: withAbsolutePaths(parsed.data, folder) };
}

function withAbsolutePaths(config: Config, folder: string): Config {
  const { terms, store } = config;
  return {
    ...config,
    store: { ...store, path: resolve(folder, store.path) },
    terms: terms.folder === undefined ? terms : { ...terms, folder: resolve(folder, terms.folder) },
  };
}

function secretReader(folder: string): ReadSecret {
  return (source) => {
    if ('env' in source) {
      const value = process.env[source.env];
      if (value === undefined) throw new Error(`The environment variable ${source.env} is not set.`);
      return value;
    }
    const file = resolve(folder, source.file);
    try {
      if (!statSync(file).isFile()) throw new Error(`${file} is not a file.`);
      return readFileSync(file, 'utf8');
    } catch (error) {
      const why = { ENOENT: 'does not exist', EACCES: 'may not be read by this user' }[errnoOf(error) ?? ''];
      if (why === undefined) throw error;
      throw new Error(`The secret file ${file} ${why}.`);
    }
  };
}

type Path = readonly PropertyKey[];

/** Turns zod's issue into mistakes a person can act on. One unknown key is one mistake. */
function describe(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): Mistake[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        locate(
          document,
          lines,
          [...issue.path, key],
          'There is no such key.',
          'Correct its spelling or remove it; docs/configuration.md lists all keys.',
        ),
      );
    case 'invalid_union':
      // The branch that fits best speaks; a discriminated union without a fitting branch speaks for itself.
      if (issue.errors.length === 0) break;
      break;
    case 'custom': {
      const remedy = typeof issue.params?.remedy === 'string' ? issue.params.remedy : 'Correct this value.';
      return [locate(document, lines, issue.path, sentence(issue.message), remedy)];
    }
  }
  const missing = document.getIn(issue.path as unknown[]) === undefined;
  const message = missing ? 'This key is missing.' : sentence(issue.message);
  return [
    locate(document, lines, issue.path, message, missing ? `Add it: ${expected(issue)}` : `Write ${expected(issue)}`),
  ];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}

/** What should stand there, in words. */
function expected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return (
        {
          array: 'a list (lines beginning with "- ").',
          object: 'an indented block of keys.',
          boolean: 'true or false.',
        }[issue.expected as string] ?? `a ${issue.expected}.`
      );
    case 'invalid_value':
      return `one of: ${issue.values.map(String).join(', ')}.`;
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `a number of at least ${issue.minimum}.`
        : 'at least one.';
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `a number of at most ${issue.maximum}.`
        : `at most ${issue.maximum} characters.`;
    default:
      return 'a value of that form; docs/configuration.md has an example.';
  }
}

const SECRET_KEYS = /^(?:key|secret|faskey|community)$/;

function locate(document: Document, lines: LineCounter, path: Path, message: string, remedy: string): Mistake {
  const node: unknown = document.getIn(path as unknown[], true);
  const secret = path.some((part) => SECRET_KEYS.test(String(part)));
  const value: unknown = document.getIn(path as unknown[]);
  const line = lineOf(document, lines, path);
  return {
    path: path.reduce<string>(
      (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text && '.'}${String(part)}`),
      '',
    ),
    ...(line !== undefined && { line }),
    ...(node !== undefined &&
      value !== undefined &&
      !secret &&
      typeof value !== 'object' && { value: String(value).slice(0, 60) }),
    message,
    remedy,
  };
}

/** The line of the value, or of the nearest block around it when it is missing. */
function lineOf(document: Document, lines: LineCounter, path: Path): number | undefined {
  for (let depth = path.length; depth > 0; depth--) {
    const node: unknown = document.getIn(path.slice(0, depth) as unknown[], true);
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) {
      return lines.linePos(Number(node.range[0])).line;
    }
  }
  return undefined;
}

/** A mistake as one line of text: `town.yaml:12 sites[0].id = "A B": Must ... What to do.` */
export function formatMistake(file: string, { path, line, value, message, remedy }: Mistake): string {
  const where = line === undefined ? file : `${file}:${line}`;
  const what = [path, value === undefined ? '' : JSON.stringify(value)].filter(Boolean).join(' = ');
  return `${where}${what && ` ${what}`}: ${message} ${remedy}`;
}
