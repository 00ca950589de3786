import { createServer, type Server } from 'node:http';
import { closeHttp, listenHttp } from '../runtime/listen';
import type { Registry } from '../runtime/metrics';
import type { Role } from '../runtime/role';
import { portalApp } from './app';
import { PortalMetrics } from './metrics';
import { openPortal, type PortalDependencies } from './portal';

/** A request line and headers of a redirect with a long address in it fit; more is not ours. */
const MAX_HEADER_OCTETS = 16_384;
const MAX_CONNECTIONS = 4_096;
const GRACE_MS = 5_000;

/** Serves the visitor's pages and the public ones. */
export class PortalRole implements Role {
  readonly name = 'portal';
  readonly #dependencies: PortalDependencies;
  readonly #registry: Registry;
  #server: Server | undefined;
  /** The port in use, once started. */
  port = 0;

  constructor({ registry, ...dependencies }: PortalDependencies & { readonly registry: Registry }) {
    this.#registry = registry;
    this.#dependencies = dependencies;
  }

  async start(): Promise<void> {
    const log = this.#dependencies.log.child({ role: this.name });
    const portal = openPortal({ ...this.#dependencies, log }, new PortalMetrics(this.#registry));
    const server = createServer(
      {
        maxHeaderSize: MAX_HEADER_OCTETS,
        headersTimeout: 10_000,
        requestTimeout: 20_000,
        keepAliveTimeout: 5_000,
        connectionsCheckingInterval: 5_000,
      },
      portalApp(portal),
    );
    server.maxConnections = MAX_CONNECTIONS;
    this.#server = server;
    const { listen } = this.#dependencies.config.current.portal;
    this.port = await listenHttp(server, listen, 'the portal', 'portal.listen');
  }

  async stop(): Promise<void> {
    if (this.#server !== undefined) await closeHttp(this.#server, GRACE_MS);
  }

  notReady(): string | undefined {
    return this.#server?.listening ? undefined : 'the portal does not listen';
  }
}
