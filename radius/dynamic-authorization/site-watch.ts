import type { Config, Site } from '../../config/schema';
import { blockingsInForce } from '../../core/blocking';
import type { SiteId } from '../../core/ids';
import type { SiteRules } from '../../core/rules';
import type { EndScope } from '../../core/session-end';
import { siteAccess } from '../../core/site-access';
import { type Millis, SECOND } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import type { Live } from '../../runtime/live';
import type { Log } from '../../runtime/log';
import { Lookout } from '../../runtime/lookout';
import { systemRandom } from '../../runtime/random';
import type { EndStore, LeaseStore } from '../../store/store';
import type { ExamBoard } from '../exam-board';

const LOOK_EVERY = 1 * SECOND;
/** Of several RADIUS servers one gives the orders. When it is gone, another does after this at the latest. */
const TURN = 5 * SECOND;
const WORK = 'site-rules';

export interface SiteWatchDeps {
  readonly config: Live<Config>;
  readonly store: EndStore & LeaseStore;
  readonly exams: ExamBoard;
  readonly clock: Clock;
  readonly log: Log;
}

/** What was seen of a site at the last look. */
interface Seen {
  readonly closed: boolean;
  readonly blockings: ReadonlySet<string>;
  readonly terms: string | undefined;
  readonly limits: string;
}

/**
 * Orders what running sessions have to learn at the moment when a rule of their site begins: closing time, an exam, a
 * blocking and new terms end them; other limits are told to the gateways. What began while the product was not running
 * counts as just begun: it ends the sessions of visitors who accepted before.
 */
export class SiteWatch {
  readonly #deps: SiteWatchDeps;
  readonly #seen = new Map<SiteId, Seen>();
  readonly #name = systemRandom.word();
  /** How many other RADIUS servers there are on this store. */
  others = 0;
  readonly #lookout = new Lookout(() => this.#look());

  constructor(deps: SiteWatchDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#lookout.start(this.#deps.clock, LOOK_EVERY);
  }

  async stop(): Promise<void> {
    await this.#lookout.stop();
    const { store, log } = this.#deps;
    await store.giveUp(WORK, this.#name).catch((err) => log.error('site-rules-not-left', { err }));
  }

  async #look(): Promise<void> {
    const { config, exams, clock, log } = this.#deps;
    const now = clock.now();
    try {
      await exams.refresh(now);
    } catch (err) {
      log.error('exams-not-read', { err });
    }
    if (!(await this.#isOurTurn(now))) {
      // Whoever takes over orders anew what is in force, which changes nothing for those who have ended.
      this.#seen.clear();
      return;
    }
    for (const site of config.current.sites) {
      try {
        await this.#lookAt(site, now);
      } catch (err) {
        log.error('site-not-closed', { site: site.id, err });
      }
    }
  }

  /** If the store does not say, it is: orders are given by the store, too. */
  async #isOurTurn(now: Millis): Promise<boolean> {
    const claim = { work: WORK, pieces: 1, holder: this.#name, now, until: now + TURN, able: true };
    const claimed = await this.#deps.store.claim(claim).catch(() => undefined);
    this.others = claimed?.others ?? this.others;
    return claimed === undefined || claimed.held.length > 0;
  }

  async #lookAt({ id, rules }: Site, now: Millis): Promise<void> {
    const before = this.#seen.get(id);
    const access = siteAccess(rules, now, this.#deps.exams.at(id));
    const inForce = blockingsInForce(rules.blockings ?? [], now);
    const terms = bindingTerms(rules, now);
    const is: Seen = {
      closed: !access.isOpen,
      blockings: new Set(inForce.map((one) => one.id)),
      terms: terms?.version,
      limits: limitsOf(rules),
    };
    // An exam that ends and another that begins between two looks leave no trace but those who came in meanwhile.
    const wasOpen = this.#deps.exams.takeLifted(id) || before?.closed !== true;
    if (!access.isOpen && wasOpen) await this.#end({ site: id }, access.reason, now);
    for (const blocking of inForce) {
      if (before?.blockings.has(blocking.id)) continue;
      const acceptedBefore = before === undefined ? blocking.from : now;
      await this.#end({ site: id, acceptedBefore }, 'blocking', now);
    }
    if (terms !== undefined && before?.terms !== terms.version) {
      await this.#end({ site: id, acceptedBefore: terms.validFrom }, 'terms-changed', now);
    }
    if (before !== undefined && before.limits !== is.limits) await this.#tellLimits(id, now);
    this.#seen.set(id, is);
  }

  async #end(scope: Extract<EndScope, { site: SiteId }>, reason: string, now: Millis): Promise<void> {
    const { sessions, grants } = await this.#deps.store.orderEnd(scope, now);
    if (scope.acceptedBefore !== undefined && grants + sessions.length === 0) return;
    this.#deps.log.info('site-sessions-ended', { site: scope.site, reason, count: sessions.length });
  }

  async #tellLimits(site: SiteId, now: Millis): Promise<void> {
    const { config, store, log } = this.#deps;
    let count = 0;
    for (const gateway of config.current.gateways) {
      if (gateway.site !== site || !('radius' in gateway)) continue;
      count += (await store.orderLimits({ gateway: gateway.id }, now)).length;
    }
    log.info('site-limits-changed', { site, count });
  }
}

/** The newest version in force that everybody has to accept. Where it is the only one, there is nobody to ask. */
function bindingTerms({ terms = [] }: SiteRules, now: Millis) {
  const binding = terms.filter(({ validFrom, reaccept }) => validFrom <= now && reaccept !== false);
  return terms.length < 2 ? undefined : binding.sort((a, b) => b.validFrom - a.validFrom)[0];
}

/** What gateways are told of a site besides the time that is left. */
function limitsOf({ idleSeconds, maxOctets, octetsPer, downBitsPerSecond, upBitsPerSecond }: SiteRules): string {
  return JSON.stringify([idleSeconds, maxOctets, octetsPer, downBitsPerSecond, upBitsPerSecond]);
}
