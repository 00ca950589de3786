import { claimPieces, givePieces, type Leases, NO_LEASES } from '../../core/leases';
import type { LeaseStore } from '../store';

/** In memory: this driver serves one process, which has all the work and begins it anew after a restart. */
export function leaseStore(): LeaseStore {
  const works = new Map<string, Leases>();
  return {
    claim: async (claim) => {
      const { leases, claimed } = claimPieces(works.get(claim.work) ?? NO_LEASES, claim);
      works.set(claim.work, leases);
      return claimed;
    },
    giveUp: async (work, holder, pieces) => {
      works.set(work, givePieces(works.get(work) ?? NO_LEASES, holder, pieces));
    },
  };
}
