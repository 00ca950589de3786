/** Chance that can be had again: the same seed rolls the same numbers (xorshift32, after G. Marsaglia). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** A whole number from 0 to below `limit`; 0 if there is none. */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return limit <= 1 ? 0 : this.#state % limit;
  }

  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** @throws RangeError if there is nothing to choose from */
  of<T>(choices: readonly T[]): T {
    const index = this.below(choices.length);
    if (index >= choices.length) throw new RangeError('nothing to choose from');
    return choices[index] as T;
  }

  octets(length: number): Buffer {
    const octets = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at++) octets[at] = this.below(256);
    return octets;
  }
}
