import { setFlagsFromString } from 'node:v8';

/** From so many access points on their health and figures are most of the heap. */
export const LARGE_TOWN = 5_000;

/** In percent: the heap is tidied when it has grown to twice what was in use. */
const THRIFTY = 100;
/** V8 finds out itself how far to let it grow, which is up to four times. */
const AS_V8_LIKES = 0;

/**
 * A large town has a large heap of which little is garbage: health and figures of 40,000 access points are 170 MB, and V8
 * lets that grow to more than 600 MB before it tidies. Twice is enough for it, at some percent more processor time; what
 * allocates much and keeps little (logins, pages) is quicker as V8 likes it.
 */
export function growThriftily(isThrifty: boolean): void {
  setFlagsFromString(`--heap-growing-percent=${isThrifty ? THRIFTY : AS_V8_LIKES}`);
}
