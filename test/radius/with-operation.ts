import type { Store } from '../../store/store';

/** The store with one operation exchanged; everything else is the real one. */
export function withOperation<Name extends keyof Store>(store: Store, name: Name, operation: Store[Name]): Store {
  return new Proxy(store, {
    get(target, property) {
      if (property === name) return operation;
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
