import { CREDENTIAL_LIFETIME_MS } from '../core/grant';
import type { GrantId } from '../core/ids';
import type { Millis } from '../core/time';
import { HmacSha256 } from '../runtime/hmac-sha256';
import type { Random } from '../runtime/random';
import type { Soon } from '../runtime/soon';
import type { Granted, GrantStore } from '../store/store';
import type { GatewayAdapter } from './gateways/gateway';
import type { ShownVisit } from './visit-seal';

/** A page that was accepted and what it was for; nothing that says whose it was. */
interface AcceptedPage {
  readonly shownAt: Millis;
  readonly ticket: string;
  readonly acceptedAt: Millis;
  /** Undefined if the store knows none: then it cannot say that it is over. */
  readonly grant: GrantId | undefined;
  readonly username: string | undefined;
}

/** More than a town has visitors in the two hours for which a page is good; beyond it the oldest are forgotten. */
const MOST = 20_000;
const KEY_OCTETS = 32;
/** Who taps again shall get in, as long as the way through the gateway takes. */
const TAP_AGAIN_FOR = CREDENTIAL_LIFETIME_MS;

/**
 * The pages that were accepted lately, so that none opens anything once it has served. Here, in memory, because it is
 * about the moment: after a restart a page is what it was before, good for one acceptance within its two hours.
 */
export class AcceptedPages {
  readonly #pages = new Map<string, AcceptedPage>();
  readonly #hash: HmacSha256;

  constructor(random: Random) {
    this.#hash = new HmacSha256(random.bytes(KEY_OCTETS));
  }

  remember(
    shown: ShownVisit,
    adapter: GatewayAdapter,
    { grant, credential, isStored }: Granted & { readonly isStored: boolean },
    now: Millis,
  ): void {
    const key = this.#keyOf(shown, adapter);
    const before = this.#pages.get(key);
    const acceptedAt = before?.shownAt === shown.shownAt ? before.acceptedAt : now;
    const { shownAt, visit } = shown;
    this.#pages.delete(key);
    const { ticket } = visit;
    const page = {
      shownAt,
      ticket,
      acceptedAt,
      grant: isStored ? grant.id : undefined,
      username: credential?.username,
    };
    this.#pages.set(key, page);
    if (this.#pages.size <= MOST) return;
    // The oldest one. To look for it passes by all that were taken out since the map was made last.
    for (const oldest of this.#pages.keys()) {
      this.#pages.delete(oldest);
      return;
    }
  }

  /**
   * Has the page had its time? It has when the gateway let the device in by it, when what it opened is over, two minutes
   * after its acceptance, and when the gateway has begun anew with the device since. Rejects as the store does.
   */
  isSpent(
    shown: ShownVisit,
    adapter: GatewayAdapter,
    store: Pick<GrantStore, 'isRedeemed' | 'getGrant'>,
    now: Millis,
  ): Soon<boolean> {
    const last = this.#pages.get(this.#keyOf(shown, adapter));
    if (last === undefined || shown.shownAt > last.shownAt) return false;
    if (shown.visit.ticket !== last.ticket || now >= last.acceptedAt + TAP_AGAIN_FOR) return true;
    return isOver(last, store, now);
  }

  /** Where anybody can name a device, one page must not say anything about another of the same device. */
  #keyOf({ visit, shownAt }: ShownVisit, { vouches }: GatewayAdapter): string {
    const { gateway, device, ticket } = visit;
    const words = vouches ? gateway : `${gateway} ${shownAt} ${ticket}`;
    return this.#hash.digest(Buffer.concat([device.reveal(), Buffer.from(words)])).toString('base64');
  }
}

async function isOver(
  { grant, username }: AcceptedPage,
  store: Pick<GrantStore, 'isRedeemed' | 'getGrant'>,
  now: Millis,
): Promise<boolean> {
  if (username !== undefined && (await store.isRedeemed(username, now))) return true;
  return grant !== undefined && (await store.getGrant(grant, now)) === undefined;
}
