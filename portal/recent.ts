/** A map with room for so many: when it is full, what was not asked for the longest goes. */
export class Recent<Key, Value> {
  readonly #kept = new Map<Key, Value>();
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  /** What is kept under the key; if it is not, it is made. */
  get(key: Key, make: () => Value): Value {
    const kept = this.#kept.get(key);
    const value = kept ?? make();
    if (kept !== undefined) this.#kept.delete(key);
    else if (this.#kept.size >= this.#room) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    this.#kept.set(key, value);
    return value;
  }

  get size(): number {
    return this.#kept.size;
  }
}
