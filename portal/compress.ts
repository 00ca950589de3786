import { brotliCompressSync, constants, crc32, gzipSync } from 'node:zlib';

export const ENCODINGS = ['br', 'gzip', 'identity'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/**
 * Octets as the characters of a string (latin1). node:http sends headers and such a body with one call to the system,
 * and one string is put at the end of another faster than one buffer.
 */
export type Octets = string;

/** Adds a document's end to its beginning and gives the whole as it is sent. */
export type Ending = (end: string) => Octets;

/** The same, told the octets of the end and its text. */
type Append = (end: Octets, text: string) => Octets;

/** The largest end: what one stored block of deflate holds (RFC 1951 3.2.4). */
const MAX_END_OCTETS = 65_535;

/** Compresses a document that is sent once. */
export function compress(encoding: Encoding, text: string): Buffer {
  if (encoding === 'br') return brotliCompressSync(text, brotli(text, 4));
  return encoding === 'gzip' ? gzipSync(text, { level: 4, windowBits: 14, memLevel: 7 }) : Buffer.from(text);
}

/**
 * Compresses the beginning of a document that many get, each with an end of its own. The end follows uncompressed: to
 * put it there costs next to nothing, and being random text it would hardly shrink.
 */
export function compressBeginning(encoding: Encoding, text: string): Ending {
  const beginning = { br: brotliBeginning, gzip: gzipBeginning, identity: plainBeginning }[encoding](text);
  return (end) => {
    const length = Buffer.byteLength(end);
    if (length === 0 || length > MAX_END_OCTETS) throw new RangeError(`An end of ${length} octets.`);
    // As a rule it is ASCII, and so its octets already.
    return beginning(length === end.length ? end : octetsOf(Buffer.from(end)), end);
  };
}

function plainBeginning(text: string): Append {
  const begun = octetsOf(Buffer.from(text));
  return (end) => begun + end;
}

/** RFC 7932 9.2: a flushed stream, one meta-block that is not compressed, and the empty last one. */
function brotliBeginning(text: string): Append {
  const begun = octetsOf(
    brotliCompressSync(text, { ...brotli(text, 9), finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  );
  const last = '\x03';
  return (end) => {
    // From the lowest bit: ISLAST 0, MNIBBLES 00 (four nibbles), MLEN - 1 in 16 bits, ISUNCOMPRESSED 1, filled to the octet.
    const header = ((end.length - 1) << 3) | (1 << 19);
    return begun + number(header, 3) + end + last;
  };
}

/** RFC 1951 3.2.4: a flushed stream and a stored last block; RFC 1952 2.3.1: checksum and length of the whole. */
function gzipBeginning(text: string): Append {
  const begun = octetsOf(gzipSync(text, { level: 9, finishFlush: constants.Z_SYNC_FLUSH }));
  const plain = Buffer.from(text);
  const [checksum, length] = [crc32(plain), plain.length];
  const isLast = '\x01';
  return (end, text) => {
    const header = isLast + number(end.length, 2) + number(~end.length, 2);
    const trailer = number(crc32(text, checksum), 4) + number(length + end.length, 4);
    return begun + header + end + trailer;
  };
}

function octetsOf(buffer: Buffer): Octets {
  return buffer.toString('latin1');
}

/** A number, or what of it fits, with the lowest octet first. */
function number(value: number, octets: 2 | 3 | 4): Octets {
  const all = String.fromCharCode(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
  return all.slice(0, octets);
}

function brotli(text: string, quality: number) {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_MODE, BROTLI_PARAM_SIZE_HINT, BROTLI_MODE_TEXT } = constants;
  return {
    params: {
      [BROTLI_PARAM_QUALITY]: quality,
      [BROTLI_PARAM_MODE]: BROTLI_MODE_TEXT,
      [BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  };
}
