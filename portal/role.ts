import { createServer, type Server } from 'node:http';
import { closeHttp, type Listen, listenHttp } from '../runtime/listen';
import type { Registry } from '../runtime/metrics';
import type { Role } from '../runtime/role';
import { portalApp } from './app';
import { GuestWatch } from './gateways/unifi/guest-watch';
import { feedbackGauge, PortalMetrics } from './metrics';
import { openPortal, type PortalDependencies } from './portal';
import { Apologies } from './serving/apologies';
import { Certificates } from './serving/certificates';
import { Limits } from './serving/limits';
import { ServingMetrics } from './serving/metrics';
import { plainListener } from './serving/plain';

const GRACE_MS = 5_000;

/** Serves the visitor's pages and the public ones. */
export class PortalRole implements Role {
  readonly name = 'portal';
  readonly #dependencies: PortalDependencies;
  readonly #registry: Registry;
  readonly #servers: Server[] = [];
  #limits: Limits | undefined;
  #certificates: Certificates | undefined;
  #guests: GuestWatch | undefined;
  /** The port in use, once started. */
  port = 0;
  /** That of the listener for probes, if there is one. */
  probesPort = 0;

  constructor({ registry, ...dependencies }: PortalDependencies & { readonly registry: Registry }) {
    this.#registry = registry;
    this.#dependencies = dependencies;
  }

  async start(): Promise<void> {
    const log = this.#dependencies.log.child({ role: this.name });
    const { store, clock, config } = this.#dependencies;
    feedbackGauge(this.#registry, () => store.countFeedback(clock.now()));
    const portal = openPortal({ ...this.#dependencies, log }, new PortalMetrics(this.#registry));
    const serving = { config, clock, log, metrics: new ServingMetrics(this.#registry) };
    const limits = new Limits({ ...serving, apologies: new Apologies(portal) });
    this.#limits = limits;

    const { listen, tls, probes } = config.current.portal;
    const pages = portalApp(portal);
    if (tls !== undefined) this.#certificates = new Certificates(serving, tls, limits.options, limits.over(pages));
    const server = this.#certificates?.server ?? createServer(limits.options, limits.over(pages));
    this.port = await this.#open(server, listen, 'the portal', 'portal.listen');
    if (probes !== undefined) {
      const plain = limits.over(plainListener(portal, pages));
      this.probesPort = await this.#open(createServer(limits.options, plain), probes, 'probes', 'portal.probes');
    }
    this.#guests = new GuestWatch({ ...portal, adapters: () => portal.town.adapters });
    this.#guests.start();
  }

  #open(server: Server, listen: Listen, what: string, setting: string): Promise<number> {
    this.#servers.push(server);
    this.#limits?.guard(server);
    return listenHttp(server, listen, what, setting);
  }

  async stop(): Promise<void> {
    await this.#guests?.stop();
    this.#certificates?.stop();
    await Promise.all(this.#servers.map((server) => closeHttp(server, GRACE_MS)));
    this.#limits?.stop();
  }

  notReady(): string | undefined {
    return this.#servers[0]?.listening ? undefined : 'the portal does not listen';
  }
}
