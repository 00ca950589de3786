import type { Store } from '../../store/store';

/** What the operations that answer gateways do: their work, fail at once, or give no answer. */
export type Condition = 'well' | 'failing' | 'hanging';

const OPERATIONS: readonly PropertyKey[] = ['findGrant', 'takeCredential', 'applyAccounting'];

/** The real store behind a switch. */
export class StoreSwitch {
  condition: Condition = 'well';
  /** Operations that reached the store or were swallowed by a fault. */
  asked = 0;

  wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        if (typeof value !== 'function') return value;
        if (property === 'grantVersion' && this.condition !== 'well') return () => undefined;
        if (!OPERATIONS.includes(property)) return value.bind(target);
        return (...args: unknown[]) => {
          this.asked += 1;
          if (this.condition === 'hanging') return new Promise(() => {});
          if (this.condition === 'failing') return Promise.reject(new Error('the disk is gone'));
          return value.apply(target, args);
        };
      },
    });
}
