import { brotliCompressSync, constants, crc32, gzipSync } from 'node:zlib';

export const ENCODINGS = ['br', 'gzip', 'identity'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Adds a document's end to its beginning and gives the whole as it is sent. */
export type Ending = (end: string) => Buffer;

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
    const octets = Buffer.from(end);
    if (octets.length === 0 || octets.length > MAX_END_OCTETS)
      throw new RangeError(`An end of ${octets.length} octets.`);
    return beginning(octets);
  };
}

function plainBeginning(text: string): (end: Buffer) => Buffer {
  const begun = Buffer.from(text);
  return (end) => Buffer.concat([begun, end]);
}

/** RFC 7932 9.2: a flushed stream, one meta-block that is not compressed, and the empty last one. */
function brotliBeginning(text: string): (end: Buffer) => Buffer {
  const begun = brotliCompressSync(text, { ...brotli(text, 9), finishFlush: constants.BROTLI_OPERATION_FLUSH });
  const last = Buffer.of(0b11);
  return (end) => {
    // From the lowest bit: ISLAST 0, MNIBBLES 00 (four nibbles), MLEN - 1 in 16 bits, ISUNCOMPRESSED 1, filled to the octet.
    const header = Buffer.alloc(3);
    header.writeUIntLE(((end.length - 1) << 3) | (1 << 19), 0, 3);
    return Buffer.concat([begun, header, end, last]);
  };
}

/** RFC 1951 3.2.4: a flushed stream and a stored last block; RFC 1952 2.3.1: checksum and length of the whole. */
function gzipBeginning(text: string): (end: Buffer) => Buffer {
  const begun = gzipSync(text, { level: 9, finishFlush: constants.Z_SYNC_FLUSH });
  const plain = Buffer.from(text);
  const [checksum, length] = [crc32(plain), plain.length];
  return (end) => {
    const header = Buffer.alloc(5);
    header.writeUInt8(1, 0);
    header.writeUInt16LE(end.length, 1);
    header.writeUInt16LE(~end.length & 0xffff, 3);
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(crc32(end, checksum), 0);
    trailer.writeUInt32LE((length + end.length) % 2 ** 32, 4);
    return Buffer.concat([begun, header, end, trailer]);
  };
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
