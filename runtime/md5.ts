/**
 * MD5 (RFC 1321) and HMAC-MD5 (RFC 2104), on which RADIUS is built (RFC 2865, RFC 3579) and what gateways sign for the
 * portal, in plain JavaScript: there are few blocks, for which a call into OpenSSL takes longer, and OpenSSL may refuse MD5.
 */

// Of the global of this name each use is a call of a getter.
import { Buffer } from 'node:buffer';

const BLOCK_OCTETS = 64;
const LENGTH_OCTETS = 8;
const DIGEST_OCTETS = 16;
/** A packet, its padding and a secret. A longer message gets more room when it comes. */
const USUAL_OCTETS = 8192;

const START = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
/** The states that both digests of an HMAC have after their first block, which is made of the key alone. */
interface PrimedKey {
  readonly inner: Int32Array;
  readonly outer: Int32Array;
}
const primedKeys = new WeakMap<Uint8Array, PrimedKey>();

// One message is digested at a time, so that room for one is enough.
const state = new Int32Array(4);
const half = Buffer.alloc(DIGEST_OCTETS);
let message = new DataView(new ArrayBuffer(USUAL_OCTETS));
let octets = new Uint8Array(message.buffer);

/** The digest of the parts, one after the other. */
export function md5(...parts: readonly Uint8Array[]): Buffer {
  return digest(START, 0, parts);
}

/** HMAC-MD5 of the parts, one after the other. The key must stay as it is: what is made of it is kept with it. */
export function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  let primed = primedKeys.get(key);
  if (primed === undefined) {
    primed = prime(key);
    primedKeys.set(key, primed);
  }
  return digest(primed.outer, BLOCK_OCTETS, [digest(primed.inner, BLOCK_OCTETS, parts, half)]);
}

function prime(key: Uint8Array): PrimedKey {
  const block = new Uint8Array(BLOCK_OCTETS);
  block.set(key.length > BLOCK_OCTETS ? md5(key) : key);
  const after = (pad: number): Int32Array => {
    state.set(START);
    octets.set(block.map((octet) => octet ^ pad));
    mix(0);
    return state.slice();
  };
  return { inner: after(0x36), outer: after(0x5c) };
}

/**
 * @param before  how many octets have gone into `start` already
 * @param result  where the digest is put
 */
function digest(
  start: Int32Array,
  before: number,
  parts: readonly Uint8Array[],
  result = Buffer.allocUnsafe(DIGEST_OCTETS),
): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const padded = Math.ceil((length + 1 + LENGTH_OCTETS) / BLOCK_OCTETS) * BLOCK_OCTETS;
  if (padded > octets.length) {
    message = new DataView(new ArrayBuffer(padded));
    octets = new Uint8Array(message.buffer);
  }
  let at = 0;
  for (const part of parts) {
    octets.set(part, at);
    at += part.length;
  }
  // Most messages end in their last block but one octet or two: a loop is done before `fill` has begun.
  octets[length] = 0x80;
  for (let i = length + 1; i < padded - LENGTH_OCTETS; i++) octets[i] = 0;
  const bits = (before + length) * 8;
  message.setUint32(padded - LENGTH_OCTETS, bits, true);
  message.setUint32(padded - LENGTH_OCTETS / 2, bits / 2 ** 32, true);

  for (let i = 0; i < 4; i++) state[i] = start[i] ?? 0;
  for (let block = 0; block < padded; block += BLOCK_OCTETS) mix(block);
  for (let i = 0; i < DIGEST_OCTETS; i++) result[i] = (state[i >> 2] ?? 0) >>> (8 * (i & 3));
  return result;
}

/** Mixes the block that begins at `at` into the state [RFC 1321 3.4]. Written out: a loop takes half as long again. */
function mix(at: number): void {
  const w0 = message.getInt32(at, true);
  const w1 = message.getInt32(at + 4, true);
  const w2 = message.getInt32(at + 8, true);
  const w3 = message.getInt32(at + 12, true);
  const w4 = message.getInt32(at + 16, true);
  const w5 = message.getInt32(at + 20, true);
  const w6 = message.getInt32(at + 24, true);
  const w7 = message.getInt32(at + 28, true);
  const w8 = message.getInt32(at + 32, true);
  const w9 = message.getInt32(at + 36, true);
  const w10 = message.getInt32(at + 40, true);
  const w11 = message.getInt32(at + 44, true);
  const w12 = message.getInt32(at + 48, true);
  const w13 = message.getInt32(at + 52, true);
  const w14 = message.getInt32(at + 56, true);
  const w15 = message.getInt32(at + 60, true);
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;

  a = (b + turn(a + (d ^ (b & (c ^ d))) + w0 + 0xd76aa478, 7)) | 0;
  d = (a + turn(d + (c ^ (a & (b ^ c))) + w1 + 0xe8c7b756, 12)) | 0;
  c = (d + turn(c + (b ^ (d & (a ^ b))) + w2 + 0x242070db, 17)) | 0;
  b = (c + turn(b + (a ^ (c & (d ^ a))) + w3 + 0xc1bdceee, 22)) | 0;
  a = (b + turn(a + (d ^ (b & (c ^ d))) + w4 + 0xf57c0faf, 7)) | 0;
  d = (a + turn(d + (c ^ (a & (b ^ c))) + w5 + 0x4787c62a, 12)) | 0;
  c = (d + turn(c + (b ^ (d & (a ^ b))) + w6 + 0xa8304613, 17)) | 0;
  b = (c + turn(b + (a ^ (c & (d ^ a))) + w7 + 0xfd469501, 22)) | 0;
  a = (b + turn(a + (d ^ (b & (c ^ d))) + w8 + 0x698098d8, 7)) | 0;
  d = (a + turn(d + (c ^ (a & (b ^ c))) + w9 + 0x8b44f7af, 12)) | 0;
  c = (d + turn(c + (b ^ (d & (a ^ b))) + w10 + 0xffff5bb1, 17)) | 0;
  b = (c + turn(b + (a ^ (c & (d ^ a))) + w11 + 0x895cd7be, 22)) | 0;
  a = (b + turn(a + (d ^ (b & (c ^ d))) + w12 + 0x6b901122, 7)) | 0;
  d = (a + turn(d + (c ^ (a & (b ^ c))) + w13 + 0xfd987193, 12)) | 0;
  c = (d + turn(c + (b ^ (d & (a ^ b))) + w14 + 0xa679438e, 17)) | 0;
  b = (c + turn(b + (a ^ (c & (d ^ a))) + w15 + 0x49b40821, 22)) | 0;

  a = (b + turn(a + (c ^ (d & (b ^ c))) + w1 + 0xf61e2562, 5)) | 0;
  d = (a + turn(d + (b ^ (c & (a ^ b))) + w6 + 0xc040b340, 9)) | 0;
  c = (d + turn(c + (a ^ (b & (d ^ a))) + w11 + 0x265e5a51, 14)) | 0;
  b = (c + turn(b + (d ^ (a & (c ^ d))) + w0 + 0xe9b6c7aa, 20)) | 0;
  a = (b + turn(a + (c ^ (d & (b ^ c))) + w5 + 0xd62f105d, 5)) | 0;
  d = (a + turn(d + (b ^ (c & (a ^ b))) + w10 + 0x02441453, 9)) | 0;
  c = (d + turn(c + (a ^ (b & (d ^ a))) + w15 + 0xd8a1e681, 14)) | 0;
  b = (c + turn(b + (d ^ (a & (c ^ d))) + w4 + 0xe7d3fbc8, 20)) | 0;
  a = (b + turn(a + (c ^ (d & (b ^ c))) + w9 + 0x21e1cde6, 5)) | 0;
  d = (a + turn(d + (b ^ (c & (a ^ b))) + w14 + 0xc33707d6, 9)) | 0;
  c = (d + turn(c + (a ^ (b & (d ^ a))) + w3 + 0xf4d50d87, 14)) | 0;
  b = (c + turn(b + (d ^ (a & (c ^ d))) + w8 + 0x455a14ed, 20)) | 0;
  a = (b + turn(a + (c ^ (d & (b ^ c))) + w13 + 0xa9e3e905, 5)) | 0;
  d = (a + turn(d + (b ^ (c & (a ^ b))) + w2 + 0xfcefa3f8, 9)) | 0;
  c = (d + turn(c + (a ^ (b & (d ^ a))) + w7 + 0x676f02d9, 14)) | 0;
  b = (c + turn(b + (d ^ (a & (c ^ d))) + w12 + 0x8d2a4c8a, 20)) | 0;

  a = (b + turn(a + (b ^ c ^ d) + w5 + 0xfffa3942, 4)) | 0;
  d = (a + turn(d + (a ^ b ^ c) + w8 + 0x8771f681, 11)) | 0;
  c = (d + turn(c + (d ^ a ^ b) + w11 + 0x6d9d6122, 16)) | 0;
  b = (c + turn(b + (c ^ d ^ a) + w14 + 0xfde5380c, 23)) | 0;
  a = (b + turn(a + (b ^ c ^ d) + w1 + 0xa4beea44, 4)) | 0;
  d = (a + turn(d + (a ^ b ^ c) + w4 + 0x4bdecfa9, 11)) | 0;
  c = (d + turn(c + (d ^ a ^ b) + w7 + 0xf6bb4b60, 16)) | 0;
  b = (c + turn(b + (c ^ d ^ a) + w10 + 0xbebfbc70, 23)) | 0;
  a = (b + turn(a + (b ^ c ^ d) + w13 + 0x289b7ec6, 4)) | 0;
  d = (a + turn(d + (a ^ b ^ c) + w0 + 0xeaa127fa, 11)) | 0;
  c = (d + turn(c + (d ^ a ^ b) + w3 + 0xd4ef3085, 16)) | 0;
  b = (c + turn(b + (c ^ d ^ a) + w6 + 0x04881d05, 23)) | 0;
  a = (b + turn(a + (b ^ c ^ d) + w9 + 0xd9d4d039, 4)) | 0;
  d = (a + turn(d + (a ^ b ^ c) + w12 + 0xe6db99e5, 11)) | 0;
  c = (d + turn(c + (d ^ a ^ b) + w15 + 0x1fa27cf8, 16)) | 0;
  b = (c + turn(b + (c ^ d ^ a) + w2 + 0xc4ac5665, 23)) | 0;

  a = (b + turn(a + (c ^ (b | ~d)) + w0 + 0xf4292244, 6)) | 0;
  d = (a + turn(d + (b ^ (a | ~c)) + w7 + 0x432aff97, 10)) | 0;
  c = (d + turn(c + (a ^ (d | ~b)) + w14 + 0xab9423a7, 15)) | 0;
  b = (c + turn(b + (d ^ (c | ~a)) + w5 + 0xfc93a039, 21)) | 0;
  a = (b + turn(a + (c ^ (b | ~d)) + w12 + 0x655b59c3, 6)) | 0;
  d = (a + turn(d + (b ^ (a | ~c)) + w3 + 0x8f0ccc92, 10)) | 0;
  c = (d + turn(c + (a ^ (d | ~b)) + w10 + 0xffeff47d, 15)) | 0;
  b = (c + turn(b + (d ^ (c | ~a)) + w1 + 0x85845dd1, 21)) | 0;
  a = (b + turn(a + (c ^ (b | ~d)) + w8 + 0x6fa87e4f, 6)) | 0;
  d = (a + turn(d + (b ^ (a | ~c)) + w15 + 0xfe2ce6e0, 10)) | 0;
  c = (d + turn(c + (a ^ (d | ~b)) + w6 + 0xa3014314, 15)) | 0;
  b = (c + turn(b + (d ^ (c | ~a)) + w13 + 0x4e0811a1, 21)) | 0;
  a = (b + turn(a + (c ^ (b | ~d)) + w4 + 0xf7537e82, 6)) | 0;
  d = (a + turn(d + (b ^ (a | ~c)) + w11 + 0xbd3af235, 10)) | 0;
  c = (d + turn(c + (a ^ (d | ~b)) + w2 + 0x2ad7d2bb, 15)) | 0;
  b = (c + turn(b + (d ^ (c | ~a)) + w9 + 0xeb86d391, 21)) | 0;

  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
}

/** Turns the lower 32 bits to the left. */
function turn(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
