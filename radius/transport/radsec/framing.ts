import { HEADER_OCTETS, MAX_PACKET_OCTETS } from '../../wire/packet';

/** Code, identifier and length: what must be there to know where a packet ends. */
const LENGTH_KNOWN_OCTETS = 4;

/** The stream says a length that no packet has; nothing after it can be told apart any more. */
export const OUT_OF_STEP = Symbol('out of step');

/**
 * Cuts packets out of a stream, wherever it was cut on its way: packets follow one another, each says its own length
 * [RFC 6613 2.1]. What waits is bounded by what is put in.
 */
export class PacketCutter {
  #waiting: Buffer = Buffer.alloc(0);

  put(octets: Buffer): void {
    this.#waiting = this.#waiting.length === 0 ? octets : Buffer.concat([this.#waiting, octets]);
  }

  /** @returns the next packet; undefined if it is not wholly there yet; OUT_OF_STEP from a wrong length on */
  next(): Buffer | undefined | typeof OUT_OF_STEP {
    if (this.#waiting.length < LENGTH_KNOWN_OCTETS) return undefined;
    const length = this.#waiting.readUInt16BE(2);
    if (length < HEADER_OCTETS || length > MAX_PACKET_OCTETS) return OUT_OF_STEP;
    if (this.#waiting.length < length) return undefined;
    const packet = this.#waiting.subarray(0, length);
    this.#waiting = this.#waiting.subarray(length);
    return packet;
  }

  /** Part of a packet has come; the rest should follow soon. */
  get isAmidPacket(): boolean {
    return this.#waiting.length > 0;
  }
}
