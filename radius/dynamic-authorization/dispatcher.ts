import type { Config } from '../../config/schema';
import type { GatewayId } from '../../core/ids';
import type { OrderResult } from '../../core/reasons';
import { type EndOrder, isOver } from '../../core/session-end';
import { type Millis, SECOND } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import type { Live } from '../../runtime/live';
import type { Log } from '../../runtime/log';
import { Lookout } from '../../runtime/lookout';
import type { EndStore, GrantStore, SessionStore } from '../../store/store';
import type { ExamBoard } from '../exam-board';
import type { DynamicAuthorizationClient } from './client';
import { currentLimits, logsInByAddress } from './current-limits';

const LOOK_EVERY = 1 * SECOND;
/** Orders under way at a time. */
const MOST_AT_ONCE = 64;
/** Longer than the client waits for an answer: an order that was cut off by a crash falls due again. */
const TAKEN_FOR = 30 * SECOND;
/** How often a gateway is asked in vain, and how long after each time it is asked again. */
const TRIES = 3;
const AGAIN_AFTER = 5 * SECOND;

/** What nobody took who reaches the gateway better. */
const LEFT_FOR = 5 * SECOND;

/** With these answers another try may go better. */
const PASSING: readonly OrderResult[] = ['no-answer', 'unreachable', 'busy'];

/** The gateway does not change limits, whatever it is told; one that asks by address may be made to ask again. */
const NOT_CHANGED: readonly OrderResult[] = ['unsupported', 'attribute-refused', 'prohibited'];

export interface DispatcherDeps {
  readonly config: Live<Config>;
  readonly exams: ExamBoard;
  /** Orders for other gateways are for another part of the product. */
  readonly gateways: () => ReadonlySet<GatewayId>;
  /** Gateways that another process may reach better. */
  readonly elsewhere: () => ReadonlySet<GatewayId>;
  readonly store: EndStore & GrantStore & SessionStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Works off the orders to end sessions or to change their limits: takes those that are due, tells the gateways, writes down how it went. */
export class Dispatcher {
  readonly #client: DynamicAuthorizationClient;
  readonly #deps: DispatcherDeps;
  readonly #underWay = new Set<Promise<void>>();
  readonly #lookout = new Lookout(() => this.#look());

  constructor(client: DynamicAuthorizationClient, deps: DispatcherDeps) {
    this.#client = client;
    this.#deps = deps;
  }

  start(): void {
    this.#lookout.start(this.#deps.clock, LOOK_EVERY);
  }

  /** Takes no more orders; those under way are left to the client, which gives them up when its channels stop. */
  stop(): Promise<void> {
    return this.#lookout.stop();
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #look(): Promise<void> {
    const elsewhere = this.#deps.elsewhere();
    const gateways = [...this.#deps.gateways()];
    const now = this.#deps.clock.now();
    await this.#take(new Set(gateways.filter((gateway) => !elsewhere.has(gateway))), now);
    const left = gateways.filter((gateway) => elsewhere.has(gateway));
    if (left.length > 0) await this.#take(new Set(left), now - LEFT_FOR);
  }

  /** Takes orders for these gateways that have been due since then. */
  async #take(gateways: ReadonlySet<GatewayId>, dueSince: Millis): Promise<void> {
    const { store, clock, log } = this.#deps;
    const room = MOST_AT_ONCE - this.#underWay.size;
    if (room <= 0) return;
    try {
      for (const order of await store.takeDueEnds(dueSince, room, clock.now() + TAKEN_FOR, gateways)) {
        const working = this.#work(order).finally(() => this.#underWay.delete(working));
        this.#underWay.add(working);
      }
    } catch (err) {
      log.error('ends-not-taken', { err });
    }
  }

  /**
   * Tells the limits that hold now. What may not go on at all ends. Where a gateway cannot change limits but asks for
   * each device anew, the session ends and the device is back with the new ones; the grant stays. Elsewhere the session
   * keeps its limits until it ends.
   */
  async #tell(order: EndOrder): Promise<OrderResult> {
    const { config, clock } = this.#deps;
    const rules = config.current.sites.find(({ id }) => id === order.site)?.rules;
    const limits = await currentLimits(order, rules, this.#deps, clock.now());
    if (limits === 'session-unknown') return limits;
    if (limits === 'nothing') return this.#client.disconnect(order);
    const result = await this.#client.changeLimits(order, limits);
    if (!NOT_CHANGED.includes(result) || !logsInByAddress(config.current, order.gateway)) return result;
    return this.#client.disconnect(order);
  }

  async #work(order: EndOrder): Promise<void> {
    const { store, clock, log } = this.#deps;
    const of = { nas: order.gateway, site: order.site };
    try {
      const result = order.kind === 'limits' ? await this.#tell(order) : await this.#client.disconnect(order);
      if (PASSING.includes(result) && order.tries < TRIES) await store.deferEnd(order, clock.now() + AGAIN_AFTER);
      else {
        await store.settleEnd(order, result, clock.now());
        const event = order.kind === 'limits' ? 'session-limits-settled' : 'session-end-settled';
        log[isOver(result) ? 'info' : 'warn'](event, { ...of, reason: result });
      }
    } catch (err) {
      log.error('session-end-not-settled', { ...of, err });
    }
  }
}
