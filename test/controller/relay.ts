import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Stands between a manager and an agent, as somebody on the wire would, and may change what the agent says. */
export class Relay {
  /** What the manager gets for an answer. */
  tamper: (answer: Buffer, request: Buffer) => readonly Buffer[] = (answer) => [answer];
  requests = 0;
  readonly #outer: Socket = createSocket('udp4');
  readonly #inner: Socket = createSocket('udp4');
  readonly #agentPort: number;
  #last = { request: Buffer.alloc(0), port: 0 };

  constructor(agentPort: number) {
    this.#agentPort = agentPort;
  }

  async start(): Promise<number> {
    this.#outer.on('message', (request, { port }) => {
      if (request.length === 0) return;
      this.requests++;
      this.#last = { request, port };
      this.#inner.send(request, this.#agentPort, '127.0.0.1');
    });
    this.#inner.on('message', (answer) => {
      const { request, port } = this.#last;
      for (const bytes of this.tamper(answer, request)) this.#outer.send(bytes, port, '127.0.0.1');
    });
    this.#inner.bind(0, '127.0.0.1');
    this.#outer.bind(0, '127.0.0.1');
    await once(this.#outer, 'listening');
    return this.#outer.address().port;
  }

  stop(): void {
    this.#inner.close();
    this.#outer.close();
  }
}
