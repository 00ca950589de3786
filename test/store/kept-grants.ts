import type { Grant } from '../../core/grant';
import type { Store } from '../../store/store';
import { device } from '../contract/fixtures';

/** What a reader keeps of every device it asked for. */
export class KeptGrants {
  readonly #grants = new Map<string, { readonly grant: Grant; readonly version: number | undefined }>();

  /** Looks as a login does: at what is kept if its version is still the same, else into the store. */
  async find(store: Pick<Store, 'findGrant' | 'grantVersion'>, site: string, who: number, now: number) {
    const name = `${site} ${who}`;
    const kept = this.#grants.get(name);
    const version = kept && store.grantVersion?.(kept.grant.id);
    if (kept !== undefined && version !== undefined && kept.version === version && now < kept.grant.expiresAt) {
      return kept.grant;
    }
    const grant = await store.findGrant(site, device(who), now);
    if (grant !== undefined) this.#grants.set(name, { grant, version: store.grantVersion?.(grant.id) });
    return grant;
  }
}
