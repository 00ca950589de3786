import type { Config } from '../../config/schema';
import type { GatewayId } from '../../core/ids';
import type { Clock } from '../../runtime/clock';
import { listenError } from '../../runtime/listen';
import { derived, type Live } from '../../runtime/live';
import type { Log } from '../../runtime/log';
import type { EndStore, GrantStore, LeaseStore, SessionStore } from '../../store/store';
import type { ExamBoard } from '../exam-board';
import type { RadiusMetrics } from '../metrics';
import type { Channel } from './channel';
import { DynamicAuthorizationClient } from './client';
import { Dispatcher } from './dispatcher';
import { SiteWatch } from './site-watch';
import { UdpChannel } from './udp-channel';

export interface DynamicAuthorizationDeps {
  readonly config: Live<Config>;
  readonly store: EndStore & GrantStore & SessionStore & LeaseStore;
  readonly exams: ExamBoard;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: RadiusMetrics;
  /** Ways to gateways that are better than a datagram: connections that they keep open. */
  readonly channels?: readonly Channel[];
}

/** Our side of dynamic authorization: orders from the store go out to the gateways; what begins at a site gives some itself. */
export class DynamicAuthorization {
  readonly #host: string;
  readonly #udp: UdpChannel;
  readonly #dispatcher: Dispatcher;
  readonly #siteWatch: SiteWatch;

  constructor({ config, store, exams, clock, log, metrics, channels = [] }: DynamicAuthorizationDeps) {
    this.#host = config.current.radius.host;
    const onError = (err: Error): void => log.error('dynamic-authorization-socket-failed', { err });
    this.#udp = new UdpChannel({ config, clock, onError });
    const client = new DynamicAuthorizationClient([...channels, this.#udp], config, clock, metrics);
    const gateways = derived(config, radiusGateways);
    const siteWatch = new SiteWatch({ config, store, exams, clock, log });
    // An order goes out by the process to which the gateway has its connection.
    const elsewhere = (): ReadonlySet<GatewayId> =>
      siteWatch.others === 0 ? new Set() : new Set(channels.flatMap((channel) => [...(channel.missing?.() ?? [])]));
    this.#dispatcher = new Dispatcher(client, { gateways, elsewhere, config, store, exams, clock, log });
    this.#siteWatch = siteWatch;
  }

  /** @throws OperatorError LISTEN_FAILED if no port can be had */
  async start(): Promise<void> {
    try {
      await this.#udp.start();
    } catch (error) {
      throw listenError(error, `${this.#host}:0`, 'orders to gateways', 'radius.host');
    }
    this.#siteWatch.start();
    this.#dispatcher.start();
  }

  /** What is under way is given up; its orders fall due again later. Harmless when it never started. */
  async stop(): Promise<void> {
    await this.#siteWatch.stop();
    await this.#dispatcher.stop();
    await this.#udp.stop();
    await this.#dispatcher.idle();
  }
}

/** Those that can be told by RADIUS; the agents of openNDS access points fetch their orders from the portal. */
function radiusGateways({ gateways }: Config): ReadonlySet<GatewayId> {
  return new Set(gateways.flatMap((gateway) => ('radius' in gateway ? [gateway.id] : [])));
}
