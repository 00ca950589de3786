import type { AccessPoint } from '../../config/schema';
import type { ApId } from '../../core/ids';

/** The access point that a redirect names by one of these words, if it is one that we know. */
export type FindAccessPoint = (...words: readonly (string | null | undefined)[]) => ApId | undefined;

/**
 * Finds access points by what gateways call them: our id for it, or an entry of its `calledAs`.
 * @param accessPoints  those of the gateway's site: a redirect cannot name one elsewhere
 */
export function accessPointFinder(accessPoints: readonly AccessPoint[]): FindAccessPoint {
  if (accessPoints.length === 0) return () => undefined;
  const known = new Map(
    accessPoints.flatMap(({ id, calledAs = [] }) => [id, ...calledAs].map((word) => [keyOf(word), id] as const)),
  );
  return (...words) => {
    for (const word of words) {
      const found = word && word.length <= LONGEST ? known.get(keyOf(word)) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

const LONGEST = 253;
const ADDRESS = /^(?:[0-9a-f]{2}[:-]?){5}[0-9a-f]{2}(?![0-9a-f])/i;

/** Called-Station-Id is an address, however it is written, and often the name of the network behind it (RFC 3580 3.20). */
function keyOf(word: string): string {
  return (ADDRESS.exec(word)?.[0].replaceAll(/[:-]/g, '') ?? word).toLowerCase();
}
