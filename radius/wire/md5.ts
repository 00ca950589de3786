/**
 * MD5 (RFC 1321) and HMAC-MD5 (RFC 2104), on which RADIUS is built (RFC 2865, RFC 3579), in plain JavaScript: a packet
 * has few blocks, for which a call into OpenSSL takes longer, and OpenSSL may refuse MD5.
 */

const BLOCK_OCTETS = 64;
const LENGTH_OCTETS = 8;
/** A packet, its padding and a secret. A longer message gets more room when it comes. */
const USUAL_OCTETS = 8192;

const START = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
/** floor(2^32 * |sin(i)|), i in radians from 1 [RFC 1321 3.4]. */
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(2 ** 32 * Math.abs(Math.sin(i + 1))));

/** The states that both digests of an HMAC have after their first block, which is made of the key alone. */
interface PrimedKey {
  readonly inner: Int32Array;
  readonly outer: Int32Array;
}
const primedKeys = new WeakMap<Uint8Array, PrimedKey>();

// One message is digested at a time, so that room for one is enough.
const state = new Int32Array(4);
const words = new Int32Array(16);
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
  return digest(primed.outer, BLOCK_OCTETS, [digest(primed.inner, BLOCK_OCTETS, parts)]);
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

/** @param before  how many octets have gone into `start` already */
function digest(start: Int32Array, before: number, parts: readonly Uint8Array[]): Buffer {
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
  const result = Buffer.allocUnsafe(16);
  for (let i = 0; i < 16; i++) result[i] = (state[i >> 2] ?? 0) >>> (8 * (i & 3));
  return result;
}

/** Mixes the block that begins at `at` into the state [RFC 1321 3.4]. */
function mix(at: number): void {
  for (let i = 0; i < 16; i++) words[i] = message.getInt32(at + 4 * i, true);
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  for (let i = 0; i < 16; i += 4) {
    a = (b + turn(a + (d ^ (b & (c ^ d))) + word(i) + sine(i), 7)) | 0;
    d = (a + turn(d + (c ^ (a & (b ^ c))) + word(i + 1) + sine(i + 1), 12)) | 0;
    c = (d + turn(c + (b ^ (d & (a ^ b))) + word(i + 2) + sine(i + 2), 17)) | 0;
    b = (c + turn(b + (a ^ (c & (d ^ a))) + word(i + 3) + sine(i + 3), 22)) | 0;
  }
  for (let i = 16; i < 32; i += 4) {
    a = (b + turn(a + (c ^ (d & (b ^ c))) + word(5 * i + 1) + sine(i), 5)) | 0;
    d = (a + turn(d + (b ^ (c & (a ^ b))) + word(5 * i + 6) + sine(i + 1), 9)) | 0;
    c = (d + turn(c + (a ^ (b & (d ^ a))) + word(5 * i + 11) + sine(i + 2), 14)) | 0;
    b = (c + turn(b + (d ^ (a & (c ^ d))) + word(5 * i + 16) + sine(i + 3), 20)) | 0;
  }
  for (let i = 32; i < 48; i += 4) {
    a = (b + turn(a + (b ^ c ^ d) + word(3 * i + 5) + sine(i), 4)) | 0;
    d = (a + turn(d + (a ^ b ^ c) + word(3 * i + 8) + sine(i + 1), 11)) | 0;
    c = (d + turn(c + (d ^ a ^ b) + word(3 * i + 11) + sine(i + 2), 16)) | 0;
    b = (c + turn(b + (c ^ d ^ a) + word(3 * i + 14) + sine(i + 3), 23)) | 0;
  }
  for (let i = 48; i < 64; i += 4) {
    a = (b + turn(a + (c ^ (b | ~d)) + word(7 * i) + sine(i), 6)) | 0;
    d = (a + turn(d + (b ^ (a | ~c)) + word(7 * i + 7) + sine(i + 1), 10)) | 0;
    c = (d + turn(c + (a ^ (d | ~b)) + word(7 * i + 14) + sine(i + 2), 15)) | 0;
    b = (c + turn(b + (d ^ (c | ~a)) + word(7 * i + 21) + sine(i + 3), 21)) | 0;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
}

function word(index: number): number {
  return words[index & 15] ?? 0;
}

function sine(index: number): number {
  return SINES[index] ?? 0;
}

/** Turns the lower 32 bits to the left. */
function turn(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
