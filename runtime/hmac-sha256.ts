/**
 * HMAC-SHA-256 (RFC 2104, FIPS 180-4) of short messages under one key, in plain JavaScript: for the few blocks that they
 * are, a call into OpenSSL takes several times as long, and every login and every page of terms needs one.
 */

const BLOCK_OCTETS = 64;
const ROUNDS = 64;
/** What the last block holds beside its end mark and length. */
const LAST_BLOCK_OCTETS = BLOCK_OCTETS - 9;
const DIGEST_WORDS = 8;

/** The constants are fractions of roots of the first primes [FIPS 180-4 4.2.2, 5.3.3]. */
const PRIMES: readonly number[] = (() => {
  const primes: number[] = [];
  for (let n = 2; primes.length < ROUNDS; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
})();
const START = Int32Array.from(PRIMES.slice(0, DIGEST_WORDS), (prime) => fraction(Math.sqrt(prime)));
const CONSTANTS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));

/** The first 32 bits after the point. */
function fraction(root: number): number {
  return Math.floor((root % 1) * 2 ** 32) | 0;
}

// One message is digested at a time, so that room for one is enough.
const state = new Int32Array(DIGEST_WORDS);
const words = new Int32Array(ROUNDS);
const block = new DataView(new ArrayBuffer(BLOCK_OCTETS));
const octets = new Uint8Array(block.buffer);

/** A key, as the states that both digests have after their first block, which is made of the key alone. */
export class HmacSha256 {
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;

  /** @param key  at most 64 octets; it is not kept */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_OCTETS) throw new RangeError(`a key of ${key.length} octets is too long`);
    this.#inner = primed(key, 0x36);
    this.#outer = primed(key, 0x5c);
  }

  /**
   * The digest, or its first octets. Nothing of the message stays in memory.
   * @param message  shorter than 2^28 octets
   * @param length  of the digest, a multiple of 4
   */
  digest(message: Uint8Array, length = 4 * DIGEST_WORDS): Buffer {
    state.set(this.#inner);
    absorb(message, BLOCK_OCTETS);
    // The outer digest: of the inner one, its end mark and length.
    words.fill(0, DIGEST_WORDS, 16);
    words.set(state);
    words[DIGEST_WORDS] = 1 << 31;
    words[15] = 8 * (BLOCK_OCTETS + 4 * DIGEST_WORDS);
    state.set(this.#outer);
    mix();
    return taken(length);
  }

  /** Forgets the key; digests are worth nothing from now on. */
  destroy(): void {
    this.#inner.fill(0);
    this.#outer.fill(0);
  }
}

/** The digest of a message without any key. */
export function sha256(message: Uint8Array): Buffer {
  state.set(START);
  absorb(message, 0);
  return taken(4 * DIGEST_WORDS);
}

/** Mixes a message and its end into the state. @param before  octets that are in it already, whole blocks */
function absorb(message: Uint8Array, before: number): void {
  const rest = message.length % BLOCK_OCTETS;
  const whole = message.length - rest;
  for (let at = 0; at < whole; at += BLOCK_OCTETS) take(message, at);
  for (let i = 0; i < rest; i++) octets[i] = message[whole + i] ?? 0;
  octets[rest] = 0x80;
  if (rest > LAST_BLOCK_OCTETS) takeBlock();
  block.setInt32(BLOCK_OCTETS - 4, 8 * (before + message.length));
  takeBlock();
}

/** The first octets of the state. */
function taken(length: number): Buffer {
  const digest = Buffer.allocUnsafe(length);
  for (let i = 0; 4 * i < length; i++) digest.writeInt32BE(state[i] ?? 0, 4 * i);
  return digest;
}

function primed(key: Uint8Array, pad: number): Int32Array {
  octets.fill(0);
  octets.set(key);
  for (let i = 0; i < 16; i++) words[i] = block.getInt32(4 * i) ^ (pad * 0x01010101);
  octets.fill(0);
  state.set(START);
  mix();
  words.fill(0);
  return state.slice();
}

/** Mixes a block of the message into the state. */
function take(message: Uint8Array, start: number): void {
  for (let i = 0, at = start; i < 16; i++, at += 4) {
    const high = ((message[at] ?? 0) << 8) | (message[at + 1] ?? 0);
    const low = ((message[at + 2] ?? 0) << 8) | (message[at + 3] ?? 0);
    words[i] = (high << 16) | low;
  }
  mix();
}

/** Mixes what lies in `octets` into the state, and clears it. */
function takeBlock(): void {
  for (let i = 0; i < 16; i++) words[i] = block.getInt32(4 * i);
  octets.fill(0);
  mix();
}

/** Mixes the first 16 words into the state [FIPS 180-4 6.2.2]. */
function mix(): void {
  for (let i = 16; i < ROUNDS; i++) {
    const far = words[i - 15] ?? 0;
    const near = words[i - 2] ?? 0;
    const mixedFar = turn(far, 7) ^ turn(far, 18) ^ (far >>> 3);
    const mixedNear = turn(near, 17) ^ turn(near, 19) ^ (near >>> 10);
    words[i] = (words[i - 16] ?? 0) + mixedFar + (words[i - 7] ?? 0) + mixedNear;
  }
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let f = state[5] ?? 0;
  let g = state[6] ?? 0;
  let h = state[7] ?? 0;
  for (let i = 0; i < ROUNDS; i++) {
    const chosen = g ^ (e & (f ^ g));
    const most = (a & b) | (c & (a | b));
    const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + chosen + (CONSTANTS[i] ?? 0) + (words[i] ?? 0)) | 0;
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + most) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
  state[4] = (state[4] ?? 0) + e;
  state[5] = (state[5] ?? 0) + f;
  state[6] = (state[6] ?? 0) + g;
  state[7] = (state[7] ?? 0) + h;
}

/** Turns 32 bits to the right. */
function turn(value: number, bits: number): number {
  return (value >>> bits) | (value << (32 - bits));
}
