/**
 * A bounded line: what came first leaves first. A Map or Set keeps that order, too, but finds its first entry by passing
 * all that were deleted before it; here each step costs the same.
 */
export class Ring<T> {
  readonly #items: (T | undefined)[] = [];
  readonly #capacity: number;
  #first = 0;
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size === this.#capacity;
  }

  /** What came first and is still there. */
  get oldest(): T | undefined {
    return this.#items[this.#first];
  }

  /** @throws RangeError if it is full */
  push(item: T): void {
    if (this.isFull) throw new RangeError(`more than ${this.#capacity} items`);
    this.#items[(this.#first + this.#size) % this.#capacity] = item;
    this.#size += 1;
  }

  /** Takes the oldest out. */
  shift(): T | undefined {
    const oldest = this.oldest;
    if (this.#size === 0) return undefined;
    this.#items[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.#capacity;
    this.#size -= 1;
    return oldest;
  }
}
