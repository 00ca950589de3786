/**
 * What stands in a query, as URLSearchParams reads it, in a fraction of its time: gateways write a dozen short parameters,
 * of which most are as they are.
 */
export class Parameters {
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  /** @param query  without the question mark */
  constructor(query: string) {
    for (let at = 0; at < query.length; ) {
      const next = query.indexOf('&', at);
      const end = next < 0 ? query.length : next;
      if (end > at) this.#add(query.slice(at, end));
      at = end + 1;
    }
  }

  /** The first of this name. */
  get(name: string): string | undefined {
    const at = this.#names.indexOf(name);
    return at < 0 ? undefined : this.#values[at];
  }

  isRepeated(name: string): boolean {
    const { length } = this.#names;
    let found = 0;
    for (let i = 0; i < length; i++) if (this.#names[i] === name) found++;
    return found > 1;
  }

  #add(pair: string): void {
    const equals = pair.indexOf('=');
    this.#names.push(decoded(equals < 0 ? pair : pair.slice(0, equals)));
    this.#values.push(equals < 0 ? '' : decoded(pair.slice(equals + 1)));
  }
}

function decoded(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  // After a sign of equality everything is value.
  return new URLSearchParams(`=${text}`).get('') ?? '';
}
