import { z } from 'zod';
import { about, bare, type Schema } from './walk';

/** What to write for a key, in words that follow "Write": "a whole number from 0 to 65535". */
export function expectation(schema: Schema): string {
  const { form } = about(schema);
  if (form !== undefined) return form;
  const inner = bare(schema);
  if (inner instanceof z.ZodEnum) return `one of: ${inner.options.join(', ')}`;
  if (inner instanceof z.ZodDiscriminatedUnion) return 'an indented block of keys';
  if (inner instanceof z.ZodLiteral) return String(inner.value);
  if (inner instanceof z.ZodBoolean) return 'true or false';
  if (inner instanceof z.ZodNumber) return numbers(inner);
  if (inner instanceof z.ZodArray) return 'a list (lines beginning with "- ")';
  if (inner instanceof z.ZodObject) return `an indented block of keys: ${Object.keys(inner.shape).join(', ')}`;
  return 'a text';
}

function numbers(schema: z.ZodNumber): string {
  const what = schema.format === 'safeint' ? 'a whole number' : 'a number';
  const { minValue: from, maxValue } = schema;
  const to = maxValue === null || maxValue >= Number.MAX_SAFE_INTEGER ? null : maxValue;
  // "positive" is the only bound here that does not include its number.
  if (from === 0 && schema.format !== 'safeint') return `${what} above 0${to === null ? '' : `, at most ${to}`}`;
  if (from === null || from <= Number.MIN_SAFE_INTEGER) return to === null ? what : `${what}, at most ${to}`;
  return to === null ? `${what} of at least ${from}` : `${what} from ${from} to ${to}`;
}

/** What stands there, in words that follow "This is". */
export function kindOfValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return `the word ${value}`;
    default:
      return 'a block of keys';
  }
}
