import { createDecipheriv, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { z } from 'zod';
import { Seal } from '../../portal/seal';
import { deriveKey } from '../../runtime/derive-key';
import { systemRandom } from '../../runtime/random';

const KEY = 'test-key-0123456789-ABCDEFGHIJKLMNOPQRSTUV';
const shape = z.object({ text: z.string() });
const seal = new Seal(KEY, 'tests', shape, systemRandom);

test('what was sealed opens, by another process with the same key too', () => {
  const other = new Seal(KEY, 'tests', shape, systemRandom);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      expect(other.open(seal.close({ text }))).toEqual({ text });
    }),
    { numRuns: 300 },
  );
  const long = { text: 'x'.repeat(40_000) };
  expect(other.open(seal.close(long))).toEqual(long);
});

test('OpenSSL reads it: AES-256-CTR, then HMAC-SHA-256 over counter and text', () => {
  const octets = Buffer.from(seal.close({ text: 'ü' }), 'base64url');
  const [counter, hidden, tag] = [octets.subarray(0, 16), octets.subarray(16, -16), octets.subarray(-16)];
  const expected = createHmac('sha256', deriveKey(KEY, 'tests: tagged')).update(octets.subarray(0, -16)).digest();
  expect(tag).toEqual(expected.subarray(0, 16));
  const decipher = createDecipheriv('aes-256-ctr', deriveKey(KEY, 'tests: hidden'), counter);
  expect(decipher.update(hidden).toString()).toBe('{"text":"ü"}');
});

test('nothing else opens: another bit, another length, another purpose, another key', () => {
  const word = seal.close({ text: 'Rathaus' });
  const octets = Buffer.from(word, 'base64url');
  for (let bit = 0; bit < 8 * octets.length; bit++) {
    const changed = Buffer.from(octets);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(seal.open(changed.toString('base64url'))).toBeUndefined();
  }
  for (let length = 0; length < octets.length; length++) {
    expect(seal.open(octets.subarray(0, length).toString('base64url'))).toBeUndefined();
  }
  expect(new Seal(KEY, 'other tests', shape, systemRandom).open(word)).toBeUndefined();
  expect(new Seal(`${KEY}x`, 'tests', shape, systemRandom).open(word)).toBeUndefined();
  for (const strange of [undefined, null, 7, [word], { word }]) expect(seal.open(strange)).toBeUndefined();
});

test('one value, one word: the same octets written otherwise do not open', () => {
  const words = ['', 'x', 'xx'].map((text) => seal.close({ text }));
  for (const word of words) {
    const octets = Buffer.from(word, 'base64url');
    const others = [`${word}=`, `${word}==`, ` ${word}`, `${word}\n`, octets.toString('base64'), `${word}A`];
    for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      others.push(word.slice(0, -1) + letter);
    }
    for (const other of others.filter((other) => other !== word)) expect(seal.open(other)).toBeUndefined();
    expect(seal.open(word)).toBeDefined();
  }
});

test('no two words are hidden by the same piece of the stream', () => {
  const pieces = new Set<string>();
  let blocks = 0;
  for (let i = 0; i < 3000; i++) {
    const octets = Buffer.from(seal.close({ text: 'x'.repeat(i % 70) }), 'base64url');
    const prefix = octets.subarray(0, 12).toString('hex');
    for (let block = 0; 16 * block < octets.length - 32; block++, blocks++) {
      pieces.add(`${prefix} ${octets.readUInt32BE(12) + block}`);
    }
  }
  expect(pieces.size).toBe(blocks);
});
