import type { StoreContext } from '../open';
import type { Store } from '../store';

export function openEmbeddedStore(_path: string, _context: StoreContext): Promise<Store> {
  return Promise.reject(new Error('in progress'));
}
