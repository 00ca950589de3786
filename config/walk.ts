import { z } from 'zod';

/** Ways through the schema, for messages and documents. A key of it may carry these besides its description. */
export interface About {
  readonly description?: string;
  /** What to write, in words: "an e-mail address". */
  readonly form?: string;
  /** What the example configuration says, if not the default. */
  readonly example?: unknown;
  /** Its value is never shown. */
  readonly secret?: boolean;
}

export type Schema = z.core.$ZodType;

/** The schema and what it wraps, from the outside in: default, optional and transform do not change what one writes. */
export function layers(schema: Schema): Schema[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return [schema, ...layers(schema.unwrap())];
  }
  return schema instanceof z.ZodPipe ? [schema, ...layers(schema.in)] : [schema];
}

/** What is left when all wrapping is off. */
export function bare(schema: Schema): Schema {
  return layers(schema).at(-1) ?? schema;
}

/** What is known about a key; an outer layer says more than an inner one. */
export function about(schema: Schema): About {
  return Object.assign(
    {},
    ...layers(schema)
      .toReversed()
      .map((layer) => z.globalRegistry.get(layer)),
  );
}

/** The schemas that a path passes, the last one being its own; shorter if the path leaves the schema. */
export function schemasAlong(root: Schema, path: readonly PropertyKey[], value: unknown): Schema[] {
  const passed: Schema[] = [];
  let here: { schema: Schema; value: unknown } | undefined = { schema: root, value };
  for (const part of path) {
    const next: Schema | undefined = childOf(here.schema, part, here.value);
    if (next === undefined) return passed;
    passed.push(next);
    here = { schema: next, value: valueAt(here.value, [part]) };
  }
  return passed;
}

export function schemaAt(root: Schema, path: readonly PropertyKey[], value: unknown): Schema | undefined {
  const passed = schemasAlong(root, path, value);
  return path.length === 0 ? root : passed.length === path.length ? passed.at(-1) : undefined;
}

function childOf(schema: Schema, part: PropertyKey, value: unknown): Schema | undefined {
  const inner = bare(schema);
  if (inner instanceof z.ZodArray) return inner.element;
  const block =
    inner instanceof z.ZodDiscriminatedUnion
      ? branchOf(inner, value)
      : inner instanceof z.ZodUnion
        ? inner.options.find((option) => bare(option) instanceof z.ZodObject)
        : inner;
  return block instanceof z.ZodObject ? block.shape[String(part)] : undefined;
}

/** The branch whose discriminator the value has; the first one if it has none. */
function branchOf(union: z.ZodDiscriminatedUnion, value: unknown): Schema | undefined {
  const { discriminator } = union.def;
  const kind = valueAt(value, [discriminator]);
  const branches = union.options.filter((option) => option instanceof z.ZodObject);
  return branches.find((option) => z.safeParse(option.shape[discriminator], kind).success) ?? branches[0];
}

/** What stands at a path of parsed YAML or JSON; undefined if the path leads nowhere. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (here, part) => (typeof here === 'object' && here !== null ? Reflect.get(here, part) : undefined),
    value,
  );
}

/** A block of keys and where it stands: `sites[]`, `gateways[] (uspot)`. */
export interface Block {
  readonly path: string;
  /** The value of its discriminator, if it is one branch of several. */
  readonly kind?: string;
  readonly schema: z.ZodObject;
  readonly description?: string;
}

/** All blocks of a schema in the order of their keys, the outer before the inner. */
export function blocksOf(root: Schema, path = ''): Block[] {
  const inner = bare(root);
  const { description } = about(root);
  if (inner instanceof z.ZodArray) return blocksOf(inner.element, `${path}[]`);
  if (inner instanceof z.ZodDiscriminatedUnion) return inner.options.flatMap((option) => branchBlocks(option, path));
  if (!(inner instanceof z.ZodObject)) return [];
  return [
    { path, schema: inner, ...(description !== undefined && { description }) },
    ...Object.entries(inner.shape).flatMap(([key, child]) => blocksOf(child, path === '' ? key : `${path}.${key}`)),
  ];
}

function branchBlocks(option: Schema, path: string): Block[] {
  const [block, ...inner] = blocksOf(option, path);
  if (block === undefined) return [];
  const literal = Object.values(block.schema.shape).find((child) => child instanceof z.ZodLiteral);
  const kind = literal === undefined ? {} : { kind: String(literal.value) };
  return [{ ...block, ...kind }, ...inner.map((child) => ({ ...child, ...kind }))];
}
