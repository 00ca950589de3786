import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { hmacMd5, md5 } from '../../runtime/md5';

const ascii = (text: string) => Buffer.from(text, 'latin1');

test.each([
  ['', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['a', '0cc175b9c0f1b6a831c399e269772661'],
  ['abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
  ['abcdefghijklmnopqrstuvwxyz', 'c3fcd3d76192e4007dfb496cca67e13b'],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 'd174ab98d277d9f5a5611c2c9f419d9f'],
  ['1234567890'.repeat(8), '57edf4a22be3c955ac49da2e2107b67a'],
])('the digest of %j [RFC 1321 A.5]', (text, digest) => {
  expect(md5(ascii(text)).toString('hex')).toBe(digest);
});

test.each([
  { key: Buffer.alloc(16, 0x0b), data: ascii('Hi There'), digest: '9294727a3638bb1c13f48ef8158bfc9d' },
  { key: ascii('Jefe'), data: ascii('what do ya want for nothing?'), digest: '750c783e6ab0b503eaa86e310a5db738' },
  { key: Buffer.alloc(16, 0xaa), data: Buffer.alloc(50, 0xdd), digest: '56be34521d144c88dbb8c733f0e8b3f6' },
  {
    key: Buffer.alloc(80, 0xaa),
    data: ascii('Test Using Larger Than Block-Size Key - Hash Key First'),
    digest: '6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd',
  },
])('the keyed digest $digest [RFC 2202 2]', ({ key, data, digest }) => {
  expect(hmacMd5(key, data).toString('hex')).toBe(digest);
});

test('both agree with OpenSSL, however long the message is and wherever it is cut', () => {
  const part = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), fc.uint8Array({ maxLength: 130 }), (parts, key) => {
      const message = Buffer.concat(parts);
      expect(md5(...parts)).toEqual(createHash('md5').update(message).digest());
      expect(hmacMd5(key, ...parts)).toEqual(createHmac('md5', key).update(message).digest());
      expect(hmacMd5(key, message)).toEqual(createHmac('md5', key).update(message).digest());
    }),
    { numRuns: 500 },
  );
  const long = Buffer.alloc(100_000, 'radius');
  expect(md5(long)).toEqual(createHash('md5').update(long).digest());
});
