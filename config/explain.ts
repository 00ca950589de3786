import { z } from 'zod';
import { type Finding, finding, MESSAGES } from './messages';
import { pathText } from './mistake';
import { nearest } from './nearest';
import { about, bare, blocksOf, type Schema, schemaAt, valueAt } from './walk';
import { expectation, kindOfValue } from './words';

type Path = readonly PropertyKey[];

export interface Explained extends Finding {
  readonly path: Path;
}

/**
 * Turns an issue of zod into mistakes a person can act on. One unknown key is one mistake.
 * @param root  the schema that found it
 * @param value  what it looked at
 */
export function explain(issue: z.core.$ZodIssue, root: Schema, value: unknown): Explained[] {
  const at = (found: Finding): Explained[] => [{ path: issue.path, ...found }];
  const schema = schemaAt(root, issue.path, value);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        ...finding('unknown-key', { hint: hintForKey(key, issue.path, root, value) }),
      }));
    case 'custom': {
      const found: unknown = issue.params?.finding;
      return at(isFinding(found) ? found : finding('not-listed', { hint: '', expected: issue.message }));
    }
    case 'invalid_union': {
      const fitting = issue.errors.find((issues) => issues.some(({ path }) => path.length > 0));
      if (fitting !== undefined) {
        return fitting.flatMap((inner) => explain({ ...inner, path: [...issue.path, ...inner.path] }, root, value));
      }
    }
  }
  return at(explainValue(issue, schema, valueAt(value, issue.path)));
}

function isFinding(value: unknown): value is Finding {
  return typeof value === 'object' && value !== null && 'kind' in value && String(value.kind) in MESSAGES;
}

const FORMATS: Readonly<Record<string, 'form-email' | 'form-url' | 'form-date'>> = {
  email: 'form-email',
  url: 'form-url',
  date: 'form-date',
};

/** What is wrong with one value, by itself. */
function explainValue(issue: z.core.$ZodIssue, schema: Schema | undefined, value: unknown): Finding {
  const choices = choicesOf(issue);
  const expected = choices
    ? `one of: ${choices.join(', ')}`
    : schema === undefined
      ? 'another value'
      : expectation(schema);
  if (value === undefined) {
    const { description } = schema === undefined ? {} : about(schema);
    return finding('missing', { expected, about: description === undefined ? '' : ` ${description}` });
  }
  if (value === null) return finding('no-value', { expected });
  switch (issue.code) {
    case 'invalid_union':
    case 'invalid_value':
      if (typeof value === 'object' || choices === undefined) break;
      return finding(issue.code === 'invalid_union' ? 'unknown-kind' : 'not-listed', {
        expected,
        hint: didYouMean(nearest(String(value), choices)),
      });
    case 'invalid_format':
      return finding(FORMATS[issue.format] ?? 'wrong-type', { expected, found: 'another form' });
    case 'too_small':
      if (typeof value === 'number') return finding('too-small', { expected });
      return finding(typeof value === 'string' ? 'too-short' : 'too-few', { expected });
    case 'too_big':
      return typeof value === 'number'
        ? finding('too-big', { expected })
        : finding('too-long', { limit: String(issue.maximum) });
  }
  const found = kindOfValue(value);
  const wantsText = schema !== undefined && (bare(schema) instanceof z.ZodString || about(schema).secret);
  return wantsText && typeof value !== 'object'
    ? finding('unquoted', { found })
    : finding('wrong-type', { found, expected });
}

/** The values that may stand there, if they are a closed list. */
function choicesOf(issue: z.core.$ZodIssue): string[] | undefined {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_union' && 'options' in issue ? issue.options?.map(String) : undefined;
}

/** A key nearby with nearly this name; else the place where a key of this name belongs. */
function hintForKey(key: string, path: Path, root: Schema, value: unknown): string {
  const here = schemaAt(root, path, value);
  const siblings = here === undefined ? [] : keysOf(here, valueAt(value, path));
  const sibling = nearest(key, siblings);
  if (sibling !== undefined) return `Did you mean ${sibling}?`;
  const places = blocksOf(root).filter((block) => key in block.schema.shape);
  const names = places.map((block) => `${block.path}.${key}${block.kind === undefined ? '' : ` (kind ${block.kind})`}`);
  if (names.length > 0) return `The key of this name is ${names.join(' or ').replace(/^\./, '')}.`;
  return `Remove it, or see docs/configuration.md; the keys ${path.length === 0 ? 'of the file' : `of ${pathText(path)}`} are: ${siblings.join(', ')}.`;
}

function keysOf(schema: Schema, value: unknown): string[] {
  const inner = bare(schema);
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape);
  if (inner instanceof z.ZodRecord) return inner.keyType instanceof z.ZodEnum ? inner.keyType.options.map(String) : [];
  if (inner instanceof z.ZodDiscriminatedUnion) {
    const kind = valueAt(value, [inner.def.discriminator]);
    const branch = blocksOf(inner).find((block) => block.path === '' && block.kind === kind);
    return Object.keys(branch?.schema.shape ?? {});
  }
  if (inner instanceof z.ZodUnion) return inner.options.flatMap((option) => keysOf(option, value));
  return [];
}

/** "Did you mean x? " before another sentence, or nothing. */
export function didYouMean(word: string | undefined): string {
  return word === undefined ? '' : `Did you mean ${word}? `;
}
