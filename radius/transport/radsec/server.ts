import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Config } from '../../../config/schema';
import { errnoOf } from '../../../core/errors';
import type { GatewayId } from '../../../core/ids';
import type { DropReason } from '../../../core/reasons';
import { type Millis, SECOND } from '../../../core/time';
import { type Cancel, type Clock, pause } from '../../../runtime/clock';
import { listenError } from '../../../runtime/listen';
import { derived, type Live } from '../../../runtime/live';
import type { Log } from '../../../runtime/log';
import type { BurstLog } from '../../burst-log';
import type { RadiusMetrics } from '../../metrics';
import type { Responder } from '../../responder';
import { RadsecConnection } from './connection';
import { type Proven, TlsIdentities } from './identity';
import { tlsContext } from './tls';

const HANDSHAKE_MS: Millis = 10 * SECOND;
/** Of all gateways together, and of one of them. */
const MAX_CONNECTIONS = 4096;
const MAX_CONNECTIONS_OF_ONE = 64;
/** How often it is looked for connections that are dead. */
const LOOK_EVERY_MS: Millis = 10 * SECOND;
/** How long a gateway may take to read the last answers when we stop. */
const FAREWELL_MS: Millis = 1 * SECOND;

export interface RadsecDeps {
  readonly config: Live<Config>;
  readonly responder: Responder;
  readonly metrics: RadiusMetrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly bursts: BurstLog;
}

/** Takes TLS connections from gateways and gives their requests to the responder (RFC 6614). */
export class RadsecServer {
  readonly #deps: RadsecDeps;
  readonly #identities: () => TlsIdentities;
  readonly #connections = new Set<RadsecConnection>();
  /** What a handshake under way or completed has named as its pre-shared key. */
  readonly #psk = new WeakMap<TLSSocket, Proven>();
  #server: Server | undefined;
  #cancelLook: Cancel = () => {};
  /** The TCP port in use, once started. */
  port = 0;
  /** When our certificate expires; undefined without one. */
  certificateExpiresAt: Millis | undefined;

  constructor(deps: RadsecDeps) {
    this.#deps = deps;
    this.#identities = derived(deps.config, (config) => new TlsIdentities(config));
  }

  /** @throws OperatorError RADSEC_CERTIFICATES or LISTEN_FAILED */
  async start({ host, port, certificates }: NonNullable<Config['radius']['radsec']>): Promise<void> {
    const { options, expiresAt } = tlsContext(certificates);
    this.certificateExpiresAt = expiresAt;
    const server = createServer({
      ...options,
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: HANDSHAKE_MS,
      pskCallback: (socket, identity) => this.#keyOf(socket, identity),
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.on('drop', () => this.#refuse('too-many-connections'));
    server.on('tlsClientError', (error, socket) => {
      // Only a word of ours or of OpenSSL: a message could hold what the other side sent.
      this.#refuse('tls-failed', String(socket.authorizationError ?? errnoOf(error) ?? 'unknown'));
    });
    server.on('secureConnection', (socket) => this.#connected(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, `${host}:${port}`, 'RadSec', 'radius.radsec')));
      server.listen(port, host, resolve);
    });
    server.on('error', (err) => this.#deps.log.error('radsec-socket-failed', { err }));
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#cancelLook = this.#deps.clock.every(LOOK_EVERY_MS, () => this.#closeDead());
    this.#deps.config.onChange((next) => this.#changed(next));
  }

  /** From now on there are no new connections and no new requests; answers can still be sent. */
  stopReceiving(): void {
    this.#cancelLook();
    this.#server?.close();
    for (const connection of this.#connections) connection.stopReceiving();
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.stopReceiving();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of this.#connections) connection.end();
    await Promise.race([closed, pause(this.#deps.clock, FAREWELL_MS)]);
    for (const connection of this.#connections) connection.destroy();
  }

  /** Open connections of each gateway that may connect. */
  counts(): ReadonlyMap<GatewayId, number> {
    const counts = new Map(
      this.#identities()
        .gateways()
        .map((gateway) => [gateway, 0]),
    );
    for (const { proven } of this.#connections) counts.set(proven.gateway, (counts.get(proven.gateway) ?? 0) + 1);
    return counts;
  }

  /** The connection that a gateway opened last. */
  connectionOf(gateway: GatewayId): RadsecConnection | undefined {
    return [...this.#connections].findLast(({ proven }) => proven.gateway === gateway);
  }

  #keyOf(socket: TLSSocket, identity: string): Buffer | null {
    const found = this.#identities().byPsk(identity);
    if (found === undefined) return null;
    this.#psk.set(socket, found);
    return found.by.key;
  }

  #connected(socket: TLSSocket): void {
    const proven = this.#provenBy(socket);
    socket.on('error', () => socket.destroy());
    if (proven === undefined || (this.counts().get(proven.gateway) ?? 0) >= MAX_CONNECTIONS_OF_ONE) {
      this.#refuse(proven === undefined ? 'unknown-tls-identity' : 'too-many-connections', undefined, proven);
      socket.destroy();
      return;
    }
    const { clock, responder, log } = this.#deps;
    const nas = { nas: proven.gateway };
    const connection = new RadsecConnection(socket, proven, {
      clock,
      serve: (octets, { proven: { gateway } }, exchange) =>
        // By gateway, not by connection: what comes again after a broken connection is the same request still.
        responder.receive(octets, this.#identities().nas(gateway), { address: gateway, port: this.port }, exchange),
    });
    this.#connections.add(connection);
    log.debug('radsec-connected', nas);
    socket.once('close', () => {
      this.#connections.delete(connection);
      log.debug('radsec-disconnected', nas);
    });
  }

  /**
   * Whoever showed a certificate has that one's names, whatever pre-shared key was spoken of before: TLS 1.3 asks for
   * keys that it then may not use. Without a certificate Node.js lets only those through that a key has proved.
   */
  #provenBy(socket: TLSSocket): Proven | undefined {
    if (!socket.authorized) return undefined;
    const certificate = socket.getPeerCertificate();
    if ('raw' in certificate) return this.#identities().byCertificate(certificate);
    const byPsk = this.#psk.get(socket);
    // The configuration may have changed amid the handshake.
    return byPsk !== undefined && this.#identities().holds(byPsk) ? byPsk : undefined;
  }

  #refuse(reason: DropReason, message?: string, proven?: Proven): void {
    const { metrics, bursts } = this.#deps;
    metrics.dropped(reason);
    const more = { ...(proven && { nas: proven.gateway }), ...(message !== undefined && { message }) };
    bursts.write('warn', 'radsec-refused', { reason, ...more });
  }

  /** New certificates for new connections; those whose proof does not hold any more are closed. */
  #changed({ radius }: Config): void {
    const server = this.#server;
    if (server === undefined) return;
    try {
      if (radius.radsec !== undefined) {
        const { options, expiresAt } = tlsContext(radius.radsec.certificates);
        server.setSecureContext(options);
        this.certificateExpiresAt = expiresAt;
      }
    } catch (error) {
      this.#deps.log.error('radsec-certificates-refused', { message: String(error) });
    }
    for (const connection of this.#connections) {
      if (!this.#identities().holds(connection.proven)) connection.end();
    }
  }

  #closeDead(): void {
    const now = this.#deps.clock.monotonic();
    for (const connection of this.#connections) if (connection.isDead(now)) connection.destroy();
  }
}
