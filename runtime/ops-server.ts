import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Admin, answerAdmin } from './admin';
import { closeHttp, type Listen, listenHttp } from './listen';
import { type OpsPage, sendPage } from './ops-page';
import type { Role } from './role';

const PLAIN = 'text/plain; charset=utf-8';

/** A few monitoring programs ask here, each with a connection or two. */
const MAX_CONNECTIONS = 256;
/** A request has to arrive in this time; who does not take its answer for that long is put out. */
const SILENCE_MS = 10_000;
const BOUNDS = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 2_500 };

/** Its pages, by path. */
export type OpsPages = ReadonlyMap<string, OpsPage>;

/**
 * Pages for Prometheus such as /metrics, /healthz ("the process lives") and /readyz ("it can serve", 503 with the reasons
 * if not); /admin/ for the commands of whoever holds the configuration's key.
 * It belongs on loopback or a management network.
 */
export class OpsServer implements Role {
  readonly name = 'ops';
  readonly #listen: Listen;
  readonly #pages: OpsPages;
  readonly #roles: () => readonly Role[];
  readonly #admin: Admin | undefined;
  readonly #server: Server;
  /** Connections with a request that is not answered yet. */
  readonly #asking = new WeakSet<Socket>();
  #stopping = false;
  readonly host: string;
  /** The port in use, once started. */
  port = 0;

  constructor(listen: Listen, pages: OpsPages, roles: () => readonly Role[], admin?: Admin) {
    this.#listen = listen;
    this.host = listen.host;
    this.#admin = admin;
    this.#pages = pages;
    this.#roles = roles;
    this.#server = createServer(BOUNDS, this.#answer);
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.timeout = SILENCE_MS;
  }

  async start(): Promise<void> {
    this.port = await listenHttp(this.#server, this.#listen, 'metrics and health checks', 'ops.listen');
  }

  stop(): Promise<void> {
    return closeHttp(this.#server, 1_000);
  }

  notReady(): string | undefined {
    return this.#stopping ? 'the process is stopping' : undefined;
  }

  /** From here on /readyz says 503, so that a load balancer looks elsewhere while the roles drain. */
  announceStop(): void {
    this.#stopping = true;
  }

  readonly #answer: RequestListener = async (request, response) => {
    if (!this.#isItsTurn(request, response)) return;
    if (this.#admin !== undefined && request.url?.startsWith('/admin/')) {
      // A fault of the command, or a caller who left: the answer has been cut off, which says enough.
      await answerAdmin(this.#admin, request, response).catch(() => response.destroy());
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { 'Content-Type': PLAIN, Allow: 'GET, HEAD' }).end('only GET\n');
      return;
    }
    const [path = '', query] = (request.url ?? '').split('?');
    const page = this.#pages.get(path);
    if (page !== undefined) {
      // Prometheus sees that the scrape failed; a rejection that nobody catches would end the process.
      await sendPage(page, new URLSearchParams(query), request, response).catch((error) => {
        if (response.headersSent) response.destroy();
        else response.writeHead(500, { 'Content-Type': PLAIN }).end(`${error}\n`);
      });
      return;
    }
    switch (path) {
      case '/healthz':
        response.writeHead(200, { 'Content-Type': PLAIN }).end('ok\n');
        return;
      case '/readyz':
        this.#answerReady(response);
        return;
      default: {
        const known = [...this.#pages.keys(), '/healthz', '/readyz'].join(', ');
        response.writeHead(404, { 'Content-Type': PLAIN }).end(`try ${known}\n`);
      }
    }
  };

  /**
   * Nobody who monitors asks again before the answer is there. Whoever sends a thousand requests at once and reads nothing
   * would have us make a thousand pages, each of which is kept until the connection ends.
   */
  #isItsTurn({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (this.#asking.has(socket)) {
      socket.destroy();
      return false;
    }
    this.#asking.add(socket);
    response.once('close', () => this.#asking.delete(socket));
    return true;
  }

  #answerReady(response: ServerResponse): void {
    const reasons = [this, ...this.#roles()].flatMap((role) => {
      const reason = role.notReady();
      return reason === undefined ? [] : [`${role.name}: ${reason}`];
    });
    response.writeHead(reasons.length === 0 ? 200 : 503, { 'Content-Type': PLAIN });
    response.end(reasons.length === 0 ? 'ready\n' : `${reasons.join('\n')}\n`);
  }
}
