import { Agent, type RequestOptions, request } from 'node:https';
import type { TLSSocket } from 'node:tls';

/** What came, and over which connection. */
export interface Came {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
  /** Of our end; the same as long as it is the same connection. */
  readonly localPort: number;
  /** The common name of the server's certificate. */
  readonly server: unknown;
}

/** One HTTPS connection to a server on loopback that is kept from request to request, as browsers do it. */
export class KeptConnection {
  readonly #agent: Agent;
  readonly #port: number;
  /** Of our end, once it is open. */
  localPort = 0;

  /** @param ca  the authority that the server's certificate has to be of */
  constructor(port: number, ca: Buffer) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca, maxCachedSessions: 0 });
  }

  get(path: string): Promise<Came> {
    return this.#ask({ path });
  }

  post(path: string, form: Readonly<Record<string, string>>): Promise<Came> {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return this.#ask({ path, method: 'POST', headers }, `${new URLSearchParams(form)}`);
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(options: RequestOptions, body?: string): Promise<Came> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: 'localhost', port: this.#port, agent: this.#agent, ...options }, (response) => {
        // When the answer has ended it belongs to nobody any more.
        const socket = response.socket as TLSSocket;
        this.localPort = socket.localPort ?? 0;
        const server = socket.getPeerCertificate().subject.CN;
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () =>
          resolve({
            ...{ status: response.statusCode ?? 0, location: response.headers.location, text },
            ...{ localPort: this.localPort, server },
          }),
        );
        response.on('error', reject);
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }
}
