/**
 * Things that are the same for thousands of devices, made once. When too many differ, as what is asked for members of a
 * controller does, it begins anew: who holds the old ones keeps them.
 */
export class Shared<T> {
  static readonly #MOST = 4_096;
  readonly #made = new Map<string, T>();

  of(key: string, make: () => T): T {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    if (this.#made.size >= Shared.#MOST) this.#made.clear();
    const made = make();
    this.#made.set(key, made);
    return made;
  }
}
