import type { WaitingStore, WaitingVisitor } from '../../store/store';

/** Visitors that a gateway fetches, as plainly as it can be written; a part of model.ts. */
export function waitingModel(): WaitingStore {
  let waiting: { visitor: WaitingVisitor; told: number }[] = [];
  const isVisitor = ({ visitor }: { visitor: WaitingVisitor }, gateway: string, id: string) =>
    visitor.gateway === gateway && visitor.id === id;
  return {
    putWaiting: async (visitor) => {
      waiting = [...waiting.filter((one) => !isVisitor(one, visitor.gateway, visitor.id)), { visitor, told: 0 }];
    },
    takeWaiting: async (gateway, limit, now) => {
      const next = waiting
        .filter(({ visitor }) => visitor.gateway === gateway && visitor.expiresAt > now)
        .sort((a, b) => a.told - b.told || a.visitor.since - b.visitor.since)
        .slice(0, limit);
      for (const one of next) one.told += 1;
      return next.map(({ visitor }) => visitor);
    },
    settleWaiting: async (gateway, ids) => {
      waiting = waiting.filter((one) => !ids.some((id) => isVisitor(one, gateway, id)));
    },
    forgetWaiting: async (gateway, before) => {
      waiting = waiting.filter(({ visitor }) => visitor.gateway !== gateway || visitor.since >= before);
    },
    isWaiting: async (gateway, id, now) =>
      waiting.some((one) => isVisitor(one, gateway, id) && one.visitor.expiresAt > now),
  };
}
