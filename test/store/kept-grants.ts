import fc from 'fast-check';
import type { Grant } from '../../core/grant';
import type { Store } from '../../store/store';
import { anyCommand, Run, SITES } from '../contract/commands';
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

/** Runs random lists of operations, and after each looks at what a reader has kept. @param open  a new, empty store */
export async function keptIsWhatIsFound(
  open: () => Promise<Store>,
  { lists, longest }: { lists: number; longest: number },
) {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCommand, { minLength: 5, maxLength: longest }), async (commands) => {
      const store = await open();
      const [run, kept] = [new Run(store), new KeptGrants()];
      for (const command of commands) {
        run.alias(await command.run(run));
        for (const site of SITES) {
          for (const who of [0, 1, 2]) {
            const found = await kept.find(store, site, who, run.now);
            expect(found).toEqual(await store.findGrant(site, device(who), run.now));
          }
        }
      }
      await store.close();
    }),
    { numRuns: lists },
  );
}
