interface Kept<Value> {
  readonly value: Value;
  /** Whether it was asked for since it last was the oldest. */
  isWanted: boolean;
}

/** A map with room for so many: when it is full, the oldest goes that nobody asked for lately. */
export class Recent<Key, Value> {
  readonly #kept = new Map<Key, Kept<Value>>();
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  /** What is kept under the key; if it is not, it is made. */
  get(key: Key, make: () => Value): Value {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      kept.isWanted = true;
      return kept.value;
    }
    const value = make();
    if (this.#kept.size >= this.#room) this.#makeRoom();
    this.#kept.set(key, { value, isWanted: false });
    return value;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Who is wanted goes to the end of the line once more instead of out of it. */
  #makeRoom(): void {
    for (const [key, kept] of this.#kept) {
      this.#kept.delete(key);
      if (!kept.isWanted) return;
      kept.isWanted = false;
      this.#kept.set(key, kept);
    }
  }
}
