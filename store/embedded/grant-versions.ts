import type { GrantId } from '../../core/ids';

/** Several grants share a version; one that changes too often costs a look into the store, no more. */
const VERSIONS = 2 ** 16;

/** How often grants have changed, in fixed memory. */
export class GrantVersions {
  readonly #versions = new Uint32Array(VERSIONS);

  of(id: GrantId): number {
    return this.#versions[placeOf(id)] ?? 0;
  }

  next(id: GrantId): void {
    this.#versions[placeOf(id)] = this.of(id) + 1;
  }
}

/** Ids are drawn evenly, six bits a character: three of them are more than enough. */
function placeOf(id: GrantId): number {
  return ((id.charCodeAt(0) << 12) ^ (id.charCodeAt(1) << 6) ^ id.charCodeAt(2)) % VERSIONS;
}
