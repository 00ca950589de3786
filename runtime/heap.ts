import { setFlagsFromString } from 'node:v8';

/** From so many access points on their health and figures are most of the heap. */
export const LARGE_TOWN = 5_000;

/** In percent of what is in use: how far the heap may grow before it is tidied. */
const GROWTH = { thriftily: 60, freely: 200 } as const;

/**
 * How far the heap grows before V8 tidies the whole of it, which takes half of a single core for 50 to 100 ms: whoever
 * accepts then waits as long.
 *
 * - `freely`, for a town of a usual size: V8 lets a heap of which little becomes garbage grow by a tenth only, and tidies
 *   every few seconds while visitors come in crowds. Nor may it guess which objects will live long, and put them where
 *   only such a tidying removes them: what waits for the disk looks long-lived, and is not.
 * - `thriftily`: health and figures of 40,000 access points are 170 MB, and V8 lets that grow to more than 600 MB. Half as
 *   much again is enough, at some percent more processor time; and most objects do live long.
 */
export function growHeap(how: keyof typeof GROWTH): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH[how]}`);
  setFlagsFromString(how === 'freely' ? '--no-allocation-site-pretenuring' : '--allocation-site-pretenuring');
}
