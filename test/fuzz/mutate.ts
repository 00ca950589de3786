import { createHash, createHmac } from 'node:crypto';
import type { Dice } from './dice';
import { type Field, fieldsOf, HEADER, join, type Seed, SIGNATURE } from './packet';

/** What is done to a seed. The first three leave the attacker without the secret, the last gives it to him. */
export const WAYS = ['noise', 'broken', 'wrong-secret', 'sealed'] as const;
export type Way = (typeof WAYS)[number];

const PROXY_STATE = 33;
const VENDOR_SPECIFIC = 26;
const EAP_MESSAGE = 79;
const MAX_VALUE = 253;

/** Makes one datagram out of seeds. */
export function mutant(seeds: readonly Seed[], secret: Buffer, way: Way, identifier: number, dice: Dice): Buffer {
  const seed = dice.of(seeds);
  if (way === 'noise') return dice.octets(dice.below(dice.oneIn(20) ? 4200 : 300));
  const fields = fieldsOf(seed.octets);
  if (way !== 'broken' || dice.oneIn(3)) repeat(dice, 3, () => dice.of(STRUCTURE)(fields, dice));
  const octets = join(seed.octets, fields);
  octets[1] = identifier;
  if (dice.oneIn(3)) dice.octets(16).copy(octets, 4);
  if (dice.oneIn(40)) octets[0] = dice.of([0, 1, 2, 3, 4, 5, 11, 12, 13, 40, 43, 255]);
  // Inside a sealed packet lengths may lie as well: the seal is made over what lies there.
  if (way === 'sealed' && dice.oneIn(4)) dice.of(FRAME)(octets, dice);
  seal(octets, way === 'wrong-secret' ? dice.octets(16) : secret);
  if (way !== 'broken') return octets;
  let broken = octets;
  repeat(dice, 4, () => {
    broken = dice.of(OCTETS)(broken, dice);
  });
  return broken;
}

function repeat(dice: Dice, most: number, action: () => void): void {
  for (let times = 1 + dice.below(most); times > 0; times--) action();
}

/** Whole attributes: left out, repeated, exchanged, with another type, another value, too many. */
const STRUCTURE: readonly ((fields: Field[], dice: Dice) => void)[] = [
  (fields, dice) => void fields.splice(dice.below(fields.length), 1),
  (fields, dice) => void fields.splice(dice.below(fields.length + 1), 0, dice.of([...fields, anyField(dice)])),
  (fields, dice) => void fields.splice(dice.below(fields.length + 1), 0, anyField(dice)),
  (fields, dice) => void fields.sort(() => dice.below(3) - 1),
  (fields, dice) => change(fields, dice, ({ value }) => ({ type: dice.below(256), value })),
  (fields, dice) => change(fields, dice, ({ type }) => ({ type, value: anyValue(dice) })),
  (fields, dice) => change(fields, dice, ({ type, value }) => ({ type, value: flipped(value, dice) })),
  (fields, dice) =>
    change(fields, dice, ({ type, value }) => ({ type, value: value.subarray(dice.below(value.length)) })),
  (fields, dice) => void fields.push({ type: VENDOR_SPECIFIC, value: vendorValue(dice) }),
  (fields, dice) => {
    const states = Array.from({ length: dice.of([1, 2, 15, 16, 40]) }, () => ({
      type: PROXY_STATE,
      value: dice.octets(dice.of([0, 1, 16, MAX_VALUE])),
    }));
    fields.splice(dice.below(fields.length + 1), 0, ...states);
  },
  (fields, dice) => void fields.push({ type: EAP_MESSAGE, value: dice.octets(dice.of([0, 1, 4, 5, MAX_VALUE])) }),
  (fields, dice) => void fields.splice(dice.below(fields.length + 1), 0, { type: SIGNATURE, value: dice.octets(16) }),
];

function change(fields: Field[], dice: Dice, how: (field: Field) => Field): void {
  const at = dice.below(fields.length);
  const field = fields[at];
  if (field !== undefined) fields[at] = how(field);
}

function anyField(dice: Dice): Field {
  return { type: dice.below(256), value: anyValue(dice) };
}

function anyValue(dice: Dice): Buffer {
  const number = dice.of([0, 1, 2 ** 31, 2 ** 32 - 1]);
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(number);
  return dice.of([
    octets,
    Buffer.alloc(0),
    Buffer.from('é\u{1f4f6}'),
    Buffer.alloc(MAX_VALUE, 0xff),
    dice.octets(dice.below(254)),
  ]);
}

/** Sub-attributes of a vendor whose lengths may be nothing, nothing more, or more than there is. */
function vendorValue(dice: Dice): Buffer {
  const vendor = Buffer.alloc(4);
  vendor.writeUInt32BE(dice.of([14122, 14559, 311, 429, 2 ** 24, 2 ** 32 - 1, 0]));
  const inside = dice.octets(dice.below(20));
  if (inside.length > 1) inside[1] = dice.of([0, 1, 2, inside.length, inside.length + 1, 255]);
  return Buffer.concat([vendor, inside]).subarray(0, dice.oneIn(8) ? dice.below(5) : undefined);
}

function flipped(value: Buffer, dice: Dice): Buffer {
  const copy = Buffer.from(value);
  flip(copy, dice);
  return copy;
}

function flip(octets: Buffer, dice: Dice): void {
  const at = dice.below(octets.length);
  if (octets.length > 0) octets[at] = (octets[at] ?? 0) ^ (1 << dice.below(8));
}

/** The lengths in the frame. */
const FRAME: readonly ((octets: Buffer, dice: Dice) => void)[] = [
  (octets, dice) => void octets.writeUInt16BE(dice.of([0, 19, 20, octets.length - 1, octets.length + 1, 4097]), 2),
  (octets, dice) => {
    // Somewhere behind the header; whether it is a length, a type or a value is left to chance.
    if (octets.length > HEADER) octets[HEADER + dice.below(octets.length - HEADER)] = dice.of([0, 1, 2, 255]);
  },
  (octets) => {
    if (octets.length > HEADER + 1) octets[HEADER + 1] = 0;
  },
];

/** What a faulty line or a stranger does to octets that were right. */
const OCTETS: readonly ((octets: Buffer, dice: Dice) => Buffer)[] = [
  (octets, dice) => flipped(octets, dice),
  (octets, dice) => octets.subarray(0, dice.below(octets.length + 1)),
  (octets, dice) => Buffer.concat([octets, dice.octets(dice.below(64))]),
  (octets, dice) => {
    const copy = Buffer.from(octets);
    if (copy.length >= HEADER) dice.of(FRAME)(copy, dice);
    return copy;
  },
  (octets, dice) => {
    const copy = Buffer.from(octets);
    const from = dice.below(copy.length);
    copy.copyWithin(dice.below(copy.length), from, from + dice.below(32));
    return copy;
  },
];

/** Signs and seals as the code wants it; the first Message-Authenticator that a reader finds gets the signature. */
export function seal(octets: Buffer, secret: Buffer): void {
  const accounting = octets[0] === 4;
  if (accounting) octets.fill(0, 4, HEADER);
  for (let at = HEADER; at + 18 <= octets.length; at += Math.max(2, octets[at + 1] ?? 2)) {
    if (octets[at] !== SIGNATURE || octets[at + 1] !== 18) continue;
    octets.fill(0, at + 2, at + 18);
    createHmac('md5', secret)
      .update(octets)
      .digest()
      .copy(octets, at + 2);
    break;
  }
  if (accounting) createHash('md5').update(octets).update(secret).digest().copy(octets, 4);
}
