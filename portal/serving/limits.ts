import type { RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Config } from '../../config/schema';
import { errnoOf } from '../../core/errors';
import { SECOND } from '../../core/time';
import type { Cancel, Clock } from '../../runtime/clock';
import type { Live } from '../../runtime/live';
import { sourceOf } from '../source';
import type { Apologies, Apology } from './apologies';
import { Crowd } from './crowd';
import { IdleConnections } from './idle-connections';
import type { ServingMetrics } from './metrics';

/** A request line and headers of a redirect with a long address in it fit; more is not ours. */
const MAX_HEADER_OCTETS = 16_384;
const KEEP_ALIVE_MS = 5_000;
const LOOK_EVERY_MS = 5 * SECOND;

interface Dependencies {
  readonly config: Live<Config>;
  readonly clock: Clock;
  readonly metrics: ServingMetrics;
  /** What those read who get no page. */
  readonly apologies: Apologies;
}

/** How node:http calls what keeps it from reading a request. */
const UNREADABLE: Readonly<Record<string, Apology>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** An answer that is not on its way yet, and since when; without it once it is. */
interface Unfinished {
  response: ServerResponse | undefined;
  readonly since: number;
}

/** What bounds each of the portal's ports: headers, connections, and the time for a request and for taking the answer. */
export class Limits {
  readonly #dependencies: Dependencies;
  readonly #crowd: Crowd;
  /** In the order in which they began. */
  readonly #unfinished = new Set<Unfinished>();
  readonly #stop: Cancel;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#crowd = new Crowd(this.#settings.connectionsPerSource);
    this.#stop = dependencies.clock.every(LOOK_EVERY_MS, () => this.#endOverdue());
  }

  get #settings() {
    return this.#dependencies.config.current.portal.limits;
  }

  stop(): void {
    this.#stop();
  }

  /** For createServer: node:http itself ends a request that does not arrive in time, with 408. */
  get options(): ServerOptions {
    const milliseconds = this.#settings.requestSeconds * SECOND;
    return {
      maxHeaderSize: MAX_HEADER_OCTETS,
      // A request without Host is refused by `over`, with a page.
      requireHostHeader: false,
      headersTimeout: milliseconds / 2,
      requestTimeout: milliseconds,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, milliseconds / 4),
    };
  }

  /** Bounds the connections of a server, all and those of one source. */
  guard(server: Server): void {
    const idle = new IdleConnections(this.#settings.connections);
    server.on('connection', (socket: Socket) => {
      if (!idle.enter(socket)) this.#dependencies.metrics.dropped('full');
    });
    // Before the page is made.
    server.prependListener('request', ({ socket }, response: ServerResponse) => {
      if (!idle.busy(socket)) {
        this.#endImpatient(socket);
        return;
      }
      const unfinished: Unfinished = { response, since: this.#dependencies.clock.monotonic() };
      this.#unfinished.add(unfinished);
      // One listener, and not for once: it happens once only, and each of them costs with every page.
      response.on('close', () => {
        // V8's sets leave their former tables, with all that lay in them, to the great collections; an answer with its
        // request is much, and several thousand of them a second bring that on.
        unfinished.response = undefined;
        this.#unfinished.delete(unfinished);
        idle.idle(socket);
      });
    });
    server.on('clientError', (error: Error, socket: Duplex) => this.#apologise(error, socket));
    server.on('checkExpectation', (request, response) => this.#dependencies.apologies.answer(request, response, 417));
    // Behind a proxy every connection has the proxy's address; there `over` counts requests instead.
    if (this.#proxies > 0) return;
    server.on('connection', (socket: Socket) => {
      const source = socket.remoteAddress ?? '';
      if (!this.#crowd.enter(source)) {
        this.#dependencies.metrics.dropped('source');
        socket.destroy();
        return;
      }
      socket.once('close', () => this.#crowd.leave(source));
    });
  }

  /** Puts the bounds on requests around what answers them. */
  over(listener: RequestListener): RequestListener {
    return (request, response) => {
      if (request.socket.destroyed) return;
      if (this.#proxies > 0) {
        const source = sourceOf(request, this.#proxies);
        if (!this.#crowd.enter(source)) {
          this.#dependencies.metrics.dropped('source');
          this.#dependencies.apologies.answer(request, response, 503);
          return;
        }
        response.once('close', () => this.#crowd.leave(source));
      }
      if (request.headers.host === undefined && request.httpVersion === '1.1') {
        this.#dependencies.apologies.answer(request, response, 400); // RFC 9112 3.2
        return;
      }
      listener(request, response);
    };
  }

  /** A page for what cannot be read, unless half of another answer is out already; then the connection ends. */
  #apologise(error: Error, socket: Duplex): void {
    const isUnderWay = [...this.#unfinished].some(
      ({ response }) => response?.socket === socket && response.headersSent,
    );
    if (errnoOf(error) === 'ECONNRESET' || !socket.writable || isUnderWay) {
      socket.destroy();
      return;
    }
    socket.once('finish', () => socket.destroy());
    socket.end(this.#dependencies.apologies.octets(UNREADABLE[errnoOf(error) ?? ''] ?? 400));
  }

  /**
   * No browser asks again on a connection before it has its answer. Whoever sends a thousand requests at once would have
   * us make a thousand pages, and node:http keeps those that never get their turn although the connection has ended.
   */
  #endImpatient(socket: Socket): void {
    if (!socket.destroyed) this.#dependencies.metrics.dropped('impatient');
    socket.destroy();
  }

  get #proxies(): number {
    return this.#dependencies.config.current.portal.trustProxy;
  }

  /** Who asks and does not read would otherwise hold the answer in our memory for as long as he likes. */
  #endOverdue(): void {
    const before = this.#dependencies.clock.monotonic() - this.#settings.requestSeconds * SECOND;
    for (const { response, since } of this.#unfinished) {
      if (since > before) return;
      this.#dependencies.metrics.dropped('slow');
      response?.destroy();
    }
  }
}
