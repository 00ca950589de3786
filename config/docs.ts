import { stringify } from 'yaml';
import { z } from 'zod';
import { RESTART_ONLY_KEYS } from './reload';
import { configSchema } from './schema';
import { about, type Block, bare, blocksOf, layers, type Schema } from './walk';
import { expectation } from './words';

/** docs/configuration.md, made from the schema alone: `npx ts-node -T scripts/config-docs.ts` writes it. */
export function configurationDocument(): string {
  const schema = configSchema(() => ({ ok: true, text: '' }));
  return `# Configuration

<!-- Made from config/schema.ts by scripts/config-docs.ts: change it there. -->

A town is described in one YAML file. \`stadtfunk init\` writes a first one; \`stadtfunk config check town.yaml\` names every
mistake in it with its line, what is wrong and what to do. A key that is not listed here is a mistake.

Secrets are written as a text, or better as \`{ file: secrets/name }\` or \`{ env: NAME }\`, so that the configuration itself
holds none. Well-known, short and demo secrets are refused. Relative paths start at the folder of the file.

The running service reads the file again on SIGHUP. A file with mistakes is refused and the last good one stays in force.
These keys take effect only after a restart: ${RESTART_ONLY_KEYS.map((key) => `\`${key}\``).join(', ')}.

${tables(blocksOf(schema)).join('\n')}
## A complete example

Everything there is, with the defaults where there are some. What you do not need, leave out.

\`\`\`yaml
${exampleKeys(schema, '').join('\n').trimStart()}
\`\`\`
`;
}

/** One table for each block; kinds of a block that have the same keys share one. */
function tables(blocks: readonly Block[]): string[] {
  const sameTable = (a: Block, b: Block): boolean =>
    a.path === b.path && Object.keys(a.schema.shape).join() === Object.keys(b.schema.shape).join();
  return blocks.flatMap((block) => {
    const alike = blocks.filter((other) => sameTable(block, other));
    return alike[0] === block
      ? [
          table(
            block,
            alike.flatMap(({ kind }) => kind ?? []),
          ),
        ]
      : [];
  });
}

function table({ path, schema, description }: Block, kinds: readonly string[]): string {
  const heading = path === '' ? 'The file' : `\`${path}\`${kinds.length === 0 ? '' : ` (${kinds.join(', ')})`}`;
  return [
    `## ${heading}`,
    '',
    ...(description === undefined ? [] : [description, '']),
    ...aligned([
      ['key', 'type', 'default', 'meaning'],
      ...Object.entries(schema.shape).map(([key, child]) => row(key, child, kinds)),
    ]),
    '',
  ].join('\n');
}

/** A Markdown table with columns of one width, as the formatter wants it. The first row is the heading. */
function aligned([heading = [], ...rows]: readonly (readonly string[])[]): string[] {
  const widths = heading.map((_, i) => Math.max(3, ...[heading, ...rows].map((cells) => cells[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (cells[i] ?? '').padEnd(width)).join(' | ')} |`;
  return [heading, widths.map((width) => '-'.repeat(width)), ...rows].map(line);
}

function row(key: string, schema: Schema, kinds: readonly string[]): string[] {
  const inner = bare(schema);
  const type =
    inner instanceof z.ZodLiteral && kinds.length > 0
      ? kinds.join(' or ')
      : inner instanceof z.ZodObject
        ? 'a block'
        : inner instanceof z.ZodArray && !isPlain(inner.element)
          ? 'a list of blocks'
          : expectation(schema);
  return [`\`${key}\``, type, defaultText(schema), about(schema).description ?? ''];
}

function defaultText(schema: Schema): string {
  const value = defaultOf(schema);
  if (value !== undefined) return `\`${flow(value)}\``;
  if (layers(schema).some((layer) => layer instanceof z.ZodPrefault)) return 'its keys’ defaults';
  return layers(schema).some((layer) => layer instanceof z.ZodOptional) ? '–' : '**required**';
}

function defaultOf(schema: Schema): unknown {
  return layers(schema).find((layer) => layer instanceof z.ZodDefault)?.def.defaultValue;
}

function isPlain(schema: Schema): boolean {
  const inner = bare(schema);
  return !(inner instanceof z.ZodObject || inner instanceof z.ZodDiscriminatedUnion);
}

/** A value on one line of YAML. */
function flow(value: unknown): string {
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
  return Array.isArray(value) ? text.replace(/^\[ (.*) \]$/, '[$1]') : text;
}

/** The keys of a block as commented YAML, each with its example or default. */
function exampleKeys(block: Schema, indent: string): string[] {
  const inner = bare(block);
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape).flatMap(([key, child]) => [
    ...(indent === '' ? [''] : []),
    ...comment(about(child).description ?? '', indent),
    ...exampleEntry(key, child, indent),
  ]);
}

function exampleEntry(key: string, schema: Schema, indent: string): string[] {
  const inner = bare(schema);
  if (inner instanceof z.ZodObject) return [`${indent}${key}:`, ...exampleKeys(inner, `${indent}  `)];
  if (inner instanceof z.ZodArray && !isPlain(inner.element)) {
    const element = bare(inner.element);
    const items = element instanceof z.ZodDiscriminatedUnion ? element.options : [element];
    return [`${indent}${key}:`, ...items.flatMap((item) => listItem(exampleKeys(item, `${indent}    `), indent))];
  }
  const value = inner instanceof z.ZodLiteral ? inner.value : (about(schema).example ?? defaultOf(schema));
  return value === undefined ? [`${indent}# ${key}:`] : [`${indent}${key}: ${flow(value)}`];
}

/** Puts the dash before the first line of a list entry, which is its comment: YAML allows "- # comment". */
function listItem([first = '', ...rest]: readonly string[], indent: string): string[] {
  return [`${indent}  - ${first.trimStart()}`, ...rest];
}

const COMMENT_WIDTH = 110;

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < COMMENT_WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}# ${word}`);
  }
  return lines;
}
