/** Twelve hex digits; or groups of two, four or six of them, with the same sign between all. */
const FORMS =
  /^(?:[0-9a-f]{12}|[0-9a-f]{2}([:. -])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}|[0-9a-f]{4}([:. -])[0-9a-f]{4}\2[0-9a-f]{4}|[0-9a-f]{6}[:. -][0-9a-f]{6})$/i;

/**
 * The hardware address of a visitor's device. It lives in one request's memory and nowhere else: however it is
 * printed, logged or serialised it reads `[mac]`. Only the pseudonym function asks for its octets.
 */
export class DeviceAddress {
  readonly #octets: Uint8Array;

  private constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  /**
   * Reads the forms gateways send: `aa:bb:cc:dd:ee:ff`, `AA-BB-CC-DD-EE-FF`, `aabbccddeeff`, `aabb.ccdd.eeff`,
   * `AABBCC-DDEEFF`.
   * Anything else, a group address, or all zeroes (CoovaChilli's "no device") gives undefined.
   */
  static parse(text: string): DeviceAddress | undefined {
    if (!FORMS.test(text)) return undefined;
    const hex = text.replaceAll(/[^0-9a-f]/gi, '');
    const octets = Uint8Array.from({ length: 6 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
    const isGroup = ((octets[0] ?? 1) & 1) === 1;
    return isGroup || octets.every((octet) => octet === 0) ? undefined : new DeviceAddress(octets);
  }

  /** The six octets: for the keyed hash in store/pseudonyms, and for a gateway that wants the address said back. */
  reveal(): Uint8Array {
    return this.#octets.slice();
  }

  equals(other: DeviceAddress): boolean {
    return this.#octets.every((octet, i) => octet === other.#octets[i]);
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
