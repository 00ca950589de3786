import { createHash } from 'node:crypto';

/** Eight hexadecimal digits that change with the German text: a translation carries those of the text it was made from. */
export function stampOf(german: string): string {
  return createHash('sha256').update(german).digest('hex').slice(0, 8);
}
