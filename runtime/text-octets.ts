/** So many octets more than a part should have: the last line written to it may be longer than what was left. */
const SPARE = 4 * 1024;
const LONGEST_NUMBER = 32;
/** Below it, a number with three decimal places has no more than fifteen digits. */
const EXACT = 1e12;
const EIGHT_DIGITS = 1e8;
const LAST_OF_ASCII = 0x7f;
const SIGN = { minus: 0x2d, dot: 0x2e, zero: 0x30 };

/**
 * Long text, written as octets straight away. Strings of many small pieces are built as trees, which somebody has to walk
 * again when they are sent: that, and making a string of each number, was two thirds of the time for a page of metrics.
 */
export class TextOctets {
  readonly #partLength: number;
  #octets: Uint8Array;
  #length = 0;

  /** @param partLength  how much a part should have, in octets */
  constructor(partLength: number) {
    this.#partLength = partLength;
    this.#octets = this.#empty();
  }

  /** What has been written since the last `take`. */
  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length >= this.#partLength;
  }

  /** What has been written; the next part begins empty, in memory of its own. */
  take(): Uint8Array {
    const taken = this.#octets.subarray(0, this.#length);
    this.#octets = this.#empty();
    this.#length = 0;
    return taken;
  }

  text(text: string): void {
    if (!this.#ascii(text)) this.octets(Buffer.from(text));
  }

  /** A sign of ASCII. */
  sign(code: number): void {
    this.#room(1);
    this.#octets[this.#length++] = code;
  }

  /** A stretch of another text, a short one: copied octet by octet, it needs no object of its own. */
  stretch(of: TextOctets, from: number, to: number): void {
    this.#room(to - from);
    const [source, target] = [of.#octets, this.#octets];
    let at = this.#length;
    for (let i = from; i < to; i++) target[at++] = source[i] ?? 0;
    this.#length = at;
  }

  octets(written: Uint8Array): void {
    this.#room(written.length);
    this.#octets.set(written, this.#length);
    this.#length += written.length;
  }

  /** As `String` writes it, without a string for whole numbers and those with up to three decimal places. */
  number(value: number): void {
    this.#room(LONGEST_NUMBER);
    const size = Math.abs(value);
    const whole = Math.floor(size);
    const thousandths = Math.round(size * 1000);
    const isWhole = Number.isSafeInteger(size);
    // Fifteen digits tell one number from all others: three places that lead back to it are what String would write.
    if (isWhole || (size < EXACT && thousandths / 1000 === size)) {
      if (value < 0) this.sign(SIGN.minus);
      this.#whole(whole);
      if (!isWhole) this.#decimals(thousandths - whole * 1000);
    } else this.text(String(value));
  }

  #whole(value: number): void {
    const high = Math.floor(value / EIGHT_DIGITS);
    if (high > 0) {
      this.#digits(high, digitsOf(high));
      this.#digits(value - high * EIGHT_DIGITS, 8);
    } else this.#digits(value, digitsOf(value));
  }

  #decimals(thousandths: number): void {
    this.sign(SIGN.dot);
    if (thousandths % 100 === 0) this.#digits(thousandths / 100, 1);
    else if (thousandths % 10 === 0) this.#digits(thousandths / 10, 2);
    else this.#digits(thousandths, 3);
  }

  /** So many digits of a number below 2^31, the last one last. */
  #digits(value: number, count: number): void {
    const octets = this.#octets;
    let rest = value | 0;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const tens = (rest / 10) | 0;
      octets[at] = SIGN.zero + rest - tens * 10;
      rest = tens;
    }
    this.#length += count;
  }

  /** Writes ASCII; anything else not at all. */
  #ascii(text: string): boolean {
    this.#room(text.length);
    const octets = this.#octets;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > LAST_OF_ASCII) return false;
      octets[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #room(octets: number): void {
    if (this.#length + octets <= this.#octets.length) return;
    const more = new Uint8Array(2 * (this.#length + octets));
    more.set(this.#octets.subarray(0, this.#length));
    this.#octets = more;
  }

  #empty(): Uint8Array {
    return Buffer.allocUnsafeSlow(this.#partLength + SPARE);
  }
}

/** How many digits a number below 2^53 has. */
function digitsOf(value: number): number {
  let count = 1;
  for (let power = 10; value >= power; power *= 10) count++;
  return count;
}
