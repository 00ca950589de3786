import { claimPieces, givePieces, type Leases, NO_LEASES } from '../../core/leases';
import type { Clock } from '../../runtime/clock';
import type { LeaseStore } from '../store';
import { Change } from './change';
import { CHANGED, type Engine } from './engine';
import { decodeIf, encode } from './records';
import { clockAhead } from './server-time';

/**
 * One field for each work, compared and set as a whole. Confirmed by no disk and no replica: it says who works just now,
 * and whoever loses a piece with a master that is lost hears of it at its next claim. Machines whose clocks differ would take one
 * another's pieces, so all go by the clock of Redis.
 */
export function leaseStore(engine: Engine, clock: Clock): LeaseStore {
  const key = engine.keys.town('leases');
  const exchange = <T>(work: string, next: (before: Leases) => { readonly leases: Leases; readonly result: T }) =>
    engine.operation((redis) =>
      engine.decide(async () => {
        const lying = await redis.hget(key, work);
        const { leases, result } = next(decodeIf<Leases>(lying) ?? NO_LEASES);
        const change = new Change().expect(key, work, lying).write('HSET', key, work, encode(leases));
        return (await engine.commitFleeting(change)) ? result : CHANGED;
      }),
    );
  return {
    claim: async (asked) => {
      const ahead = await engine.operation(() => clockAhead(engine, clock));
      const claim = { ...asked, now: asked.now - ahead, until: asked.until - ahead };
      return exchange(claim.work, (before) => {
        const { leases, claimed } = claimPieces(before, claim);
        return { leases, result: claimed };
      });
    },
    giveUp: (work, holder, pieces) =>
      exchange(work, (before) => ({ leases: givePieces(before, holder, pieces), result: undefined })),
  };
}
