import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { HmacSha256, sha256 } from '../../runtime/hmac-sha256';

const ascii = (text: string) => Buffer.from(text, 'latin1');

test.each([
  {
    key: Buffer.alloc(20, 0x0b),
    data: ascii('Hi There'),
    digest: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    key: ascii('Jefe'),
    data: ascii('what do ya want for nothing?'),
    digest: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
  {
    key: Buffer.alloc(20, 0xaa),
    data: Buffer.alloc(50, 0xdd),
    digest: '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  },
  { key: Buffer.alloc(20, 0x0c), data: ascii('Test With Truncation'), digest: 'a3b6167473100ee06e0c796c2955552b' },
])('the keyed digest $digest [RFC 4231 4]', ({ key, data, digest }) => {
  expect(new HmacSha256(key).digest(data, digest.length / 2).toString('hex')).toBe(digest);
});

test('agrees with OpenSSL for every key that fits into a block and every message', () => {
  const key = fc.uint8Array({ maxLength: 64 });
  const message = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(key, message, (key, message) => {
      expect(new HmacSha256(key).digest(message)).toEqual(createHmac('sha256', key).update(message).digest());
      expect(sha256(message)).toEqual(createHash('sha256').update(message).digest());
    }),
    { numRuns: 500 },
  );
  expect(() => new HmacSha256(Buffer.alloc(65))).toThrow(RangeError);
});

test('a destroyed key gives other digests', () => {
  const key = new HmacSha256(Buffer.alloc(32, 7));
  const before = key.digest(ascii('device'));
  key.destroy();
  expect(key.digest(ascii('device'))).not.toEqual(before);
});
