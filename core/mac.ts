/** Twelve hex digits; or groups of two, four or six of them, with the same sign between all. */
const FORMS =
  /^(?:[0-9a-f]{12}|[0-9a-f]{2}([:. -])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}|[0-9a-f]{4}([:. -])[0-9a-f]{4}\2[0-9a-f]{4}|[0-9a-f]{6}[:. -][0-9a-f]{6})$/i;

/** By character code: the value of a hexadecimal digit. */
const DIGITS: readonly (number | undefined)[] = Array.from({ length: 128 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase());
  return digit === -1 ? undefined : digit;
});

/** What one means in the first of six octets. */
const FIRST_OCTET = 2 ** 40;

/**
 * The hardware address of a visitor's device. It lives in one request's memory and nowhere else: however it is
 * printed, logged or serialised it reads `[mac]`. Only the pseudonym function asks for its octets.
 */
export class DeviceAddress {
  /** Its 48 bits. A number is made and compared faster than six octets. */
  readonly #bits: number;

  private constructor(bits: number) {
    this.#bits = bits;
  }

  /**
   * Reads the forms gateways send: `aa:bb:cc:dd:ee:ff`, `AA-BB-CC-DD-EE-FF`, `aabbccddeeff`, `aabb.ccdd.eeff`,
   * `AABBCC-DDEEFF`.
   * Anything else, a group address, or all zeroes (CoovaChilli's "no device") gives undefined.
   */
  static parse(text: string): DeviceAddress | undefined {
    if (!FORMS.test(text)) return undefined;
    let bits = 0;
    for (let i = 0; i < text.length; i++) {
      const digit = DIGITS[text.charCodeAt(i)];
      if (digit !== undefined) bits = bits * 16 + digit;
    }
    const isGroup = Math.floor(bits / FIRST_OCTET) % 2 === 1;
    return isGroup || bits === 0 ? undefined : new DeviceAddress(bits);
  }

  /** The six octets: for the keyed hash in store/pseudonyms, and for a gateway that wants the address said back. */
  reveal(): Uint8Array {
    const octets = new Uint8Array(6);
    for (let i = 5, rest = this.#bits; i >= 0; i--, rest = Math.floor(rest / 256)) octets[i] = rest;
    return octets;
  }

  equals(other: DeviceAddress): boolean {
    return this.#bits === other.#bits;
  }

  /** Is the address written in this text, in hexadecimal, with whatever signs between its digits? */
  isWrittenIn(text: string): boolean {
    const digits = text.replaceAll(/[^0-9a-f]/gi, '').toLowerCase();
    return digits.includes(this.#bits.toString(16).padStart(12, '0'));
  }

  toString(): string {
    return '[mac]';
  }

  toJSON(): string {
    return '[mac]';
  }

  /** What `console.log` and error messages of Node.js print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[mac]';
  }
}
