import ipaddr from 'ipaddr.js';

/** Counts what each source has open. A whole school may stand behind one address, so the bound is generous. */
export class Crowd {
  readonly #open = new Map<string, number>();
  readonly #bound: number;

  constructor(bound: number) {
    this.#bound = bound;
  }

  /** False if the source has as much open as it may. Whoever came in has to leave. */
  enter(source: string): boolean {
    const key = groupOf(source);
    const open = this.#open.get(key) ?? 0;
    if (open >= this.#bound) return false;
    this.#open.set(key, open + 1);
    return true;
  }

  leave(source: string): void {
    const key = groupOf(source);
    const open = (this.#open.get(key) ?? 1) - 1;
    if (open > 0) this.#open.set(key, open);
    else this.#open.delete(key);
  }
}

/** A device with IPv6 has as many addresses as it likes, all of one /64. */
export function groupOf(source: string): string {
  if (!ipaddr.isValid(source)) return '';
  const address = ipaddr.process(source);
  return address instanceof ipaddr.IPv6 ? address.parts.slice(0, 4).join(':') : address.toString();
}
