import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { compress, compressBeginning, ENCODINGS, type Encoding, type Octets } from '../../portal/compress';
import { Recent } from '../../portal/recent';

const plain = { br: brotliDecompressSync, gzip: gunzipSync, identity: (octets: Buffer) => octets };
const read = (encoding: Encoding, octets: Buffer | Octets): string =>
  plain[encoding](typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets).toString();

describe.each(ENCODINGS)('%s', (encoding) => {
  test('a beginning that was compressed once and any end give the whole [RFC 7932 9.2, RFC 1952]', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 3000 }),
        fc.string({ minLength: 1, maxLength: 3000 }),
        (begin, end) => {
          const complete = compressBeginning(encoding, begin);
          expect(read(encoding, complete(end))).toBe(begin + end);
          // The beginning is not used up.
          expect(read(encoding, complete('x'))).toBe(`${begin}x`);
        },
      ),
      { numRuns: 50 },
    );
  });

  test.each([1, 255, 256, 65_535])('an end of %i octets', (length) => {
    const end = 'e'.repeat(length);
    expect(read(encoding, compressBeginning(encoding, '<p>')(end))).toBe(`<p>${end}`);
  });

  test('an end that does not fit into one block is a fault of ours', () => {
    for (const end of ['', 'e'.repeat(65_536)]) {
      expect(() => compressBeginning(encoding, '<p>')(end)).toThrow(RangeError);
    }
  });

  test('a document that is sent once', () => {
    expect(read(encoding, compress(encoding, 'Straße '.repeat(500)))).toBe('Straße '.repeat(500));
  });
});

test('a map with room for so many gives up what was not asked for the longest', () => {
  const made: string[] = [];
  const recent = new Recent<string, string>(2);
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) {
    recent.get(key, () => {
      made.push(key);
      return key;
    });
  }
  expect(made).toEqual(['a', 'b', 'c', 'b']);
  expect(recent.size).toBe(2);
});
