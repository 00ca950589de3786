import { setFlagsFromString } from 'node:v8';

/** From so many access points on their health and figures are most of the heap. */
export const LARGE_TOWN = 5_000;

/** In percent: how far the heap may grow beyond what was in use before it is tidied. */
const THRIFTY = 60;
/** V8 finds out itself how far to let it grow, which is up to four times. */
const AS_V8_LIKES = 0;

/**
 * A large town has a large heap of which little is garbage: health and figures of 40,000 access points are 170 MB, and V8
 * lets that grow to more than 600 MB before it tidies. Half as much again is enough, at some percent more processor time;
 * what allocates much and keeps little (logins, pages) is quicker as V8 likes it.
 */
export function growThriftily(isThrifty: boolean): void {
  setFlagsFromString(`--heap-growing-percent=${isThrifty ? THRIFTY : AS_V8_LIKES}`);
}
