import type { Millis } from './time';

/**
 * Work that several processes share: it is cut into pieces, and each piece is done by one process at a time. A process
 * says again and again that it is there; who has not said so in time has lost its pieces to the others.
 */
export interface Leases {
  readonly holders: readonly Holder[];
  /** By the number of the piece: who has it; empty if nobody does. */
  readonly pieces: readonly string[];
}

interface Holder {
  /** Drawn by each process at its start. */
  readonly name: string;
  readonly until: Millis;
  /** For how long it asked; missing in what a former version wrote. */
  readonly span?: Millis;
  /** Whether it can do the work just now. */
  readonly able: boolean;
  /** Missing in what a former version wrote. */
  readonly knows?: string;
}

/** A process asks for its share. */
export interface Claim {
  /** What is shared, as a word: `access-points`. */
  readonly work: string;
  /** How many pieces there are. Everybody has to say the same. */
  readonly pieces: number;
  readonly holder: string;
  readonly now: Millis;
  /** By when it will have asked again, or is gone. */
  readonly until: Millis;
  /** False: it gets pieces only if nobody is able, and is asked to give up those it has if somebody is. */
  readonly able: boolean;
  /** A word for what it knows of the work: two that know the same say the same. */
  readonly knows?: string;
}

export interface Claimed {
  /** The pieces it has, until then. */
  readonly held: readonly number[];
  /** Those of them that were not its own when it asked; what it believed to have among them, others may have had meanwhile. */
  readonly taken: readonly number[];
  /** Those of them that others shall have: it stops its work on them, and then gives them up. */
  readonly excess: readonly number[];
  /** How many others there are that are able. */
  readonly others: number;
  /** Whether all that are there know the same. */
  readonly agreed: boolean;
}

export const NO_LEASES: Leases = { holders: [], pieces: [] };

/** What a claim comes to. Nobody gets more than an even share, and nobody loses a piece before it gave it up or is gone. */
export function claimPieces(before: Leases, claim: Claim): { readonly leases: Leases; readonly claimed: Claimed } {
  const { holder: name, now, until, able, knows } = claim;
  const others = before.holders.filter((other) => other.name !== name && isThere(other, claim));
  const holders = [...others, { name, until, span: until - now, able, ...(knows !== undefined && { knows }) }];
  const ableOthers = others.filter((other) => other.able).length;
  const workers = ableOthers + Number(able);
  // Where nobody is able, everybody goes on trying.
  const fair = workers === 0 ? evenly(claim.pieces, holders.length) : able ? evenly(claim.pieces, workers) : 0;

  const names = new Set(holders.map((holder) => holder.name));
  const pieces = Array.from({ length: claim.pieces }, (_, piece) => {
    const owner = before.pieces[piece] ?? '';
    return names.has(owner) ? owner : '';
  });
  const taken: number[] = [];
  let count = pieces.filter((owner) => owner === name).length;
  for (const [piece, owner] of pieces.entries()) {
    if (count >= fair) break;
    if (owner !== '') continue;
    pieces[piece] = name;
    taken.push(piece);
    count += 1;
  }
  const held = pieces.flatMap((owner, piece) => (owner === name ? [piece] : []));
  const agreed = others.every((other) => other.knows === knows);
  const claimed = { held, taken, excess: held.slice(fair), others: ableOthers, agreed };
  return { leases: { holders, pieces }, claimed };
}

/** Without `pieces` it gives up all that it has and leaves. */
export function givePieces(before: Leases, holder: string, pieces?: readonly number[]): Leases {
  const isGiven = (owner: string, piece: number): boolean =>
    owner === holder && (pieces === undefined || pieces.includes(piece));
  return {
    holders: pieces === undefined ? before.holders.filter(({ name }) => name !== holder) : before.holders,
    pieces: before.pieces.map((owner, piece) => (isGiven(owner, piece) ? '' : owner)),
  };
}

/**
 * Who is to stay for much longer than it asked for had a clock that was ahead; it must not keep its pieces for hours. Not
 * than others ask for: while a configuration is exchanged, one after the other, they ask for different spans.
 */
function isThere(holder: Holder, { now, until }: Claim): boolean {
  const { span = until - now } = holder;
  return now < holder.until && holder.until - now <= 2 * span;
}

function evenly(pieces: number, workers: number): number {
  return Math.ceil(pieces / workers);
}
