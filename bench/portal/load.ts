import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/** Connections that stay open, without an HTTP library: the generator must cost less than the server. */
export class Load {
  readonly #connections: readonly Connection[];

  private constructor(connections: readonly Connection[]) {
    this.#connections = connections;
  }

  /** @param status  what every answer must begin with */
  static async open(port: number, connections: number, status: number): Promise<Load> {
    return new Load(await Promise.all(Array.from({ length: connections }, () => Connection.open(port, status))));
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  /**
   * Each connection sends as soon as it is answered.
   * @param next  the octets of the next request
   * @returns answers per second
   */
  async asFastAsAnswered(milliseconds: number, next: () => string): Promise<number> {
    const began = performance.now();
    const end = began + milliseconds;
    let answers = 0;
    let running = this.#connections.length;
    for (const connection of this.#connections) {
      const answered = (): void => {
        answers++;
        if (performance.now() < end) connection.ask(next(), answered);
        else running--;
      };
      connection.ask(next(), answered);
    }
    await busyUntil(() => running === 0);
    return (answers * 1000) / (performance.now() - began);
  }

  /**
   * Requests begin at fixed moments, however long answers take, and wait if every connection is busy.
   * @returns how long each took from its moment to its answer, in milliseconds, the shortest first
   */
  async atRate(perSecond: number, milliseconds: number, next: () => string): Promise<Float64Array> {
    const count = Math.floor((perSecond * milliseconds) / 1000);
    const took = new Float64Array(count);
    const free = [...this.#connections];
    const began = performance.now();
    let sent = 0;
    let answers = 0;
    await busyUntil(() => {
      const due = Math.min(count, Math.floor(((performance.now() - began) * perSecond) / 1000) + 1);
      while (sent < due) {
        // In turn, because the server ends those that are silent for long.
        const connection = free.shift();
        if (connection === undefined) break;
        const at = began + (sent * 1000) / perSecond;
        sent++;
        connection.ask(next(), () => {
          took[answers++] = performance.now() - at;
          free.push(connection);
        });
      }
      return answers === count;
    });
    return took.sort();
  }
}

/**
 * Waits without ever going to sleep: a server that is slower than the generator would have to wake it for each answer,
 * one that is faster never does, and waking is no work of the server's.
 */
async function busyUntil(isDone: () => boolean): Promise<void> {
  while (!isDone()) await turn();
}

class Connection {
  readonly #socket: Socket;
  #head = '';
  /** Octets of the body that are still to come; -1 while the head is. */
  #missing = -1;
  #answered: () => void = () => undefined;

  private constructor(socket: Socket, status: number) {
    this.#socket = socket;
    socket.setEncoding('latin1').on('data', (text: unknown) => this.#take(String(text), status));
    socket.once('end', () => {
      throw new Error('The server ended a connection.');
    });
  }

  static open(port: number, status: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Connection(socket, status))).once('error', reject);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  ask(octets: string, answered: () => void): void {
    this.#answered = answered;
    this.#socket.write(octets, 'latin1');
  }

  #take(text: string, status: number): void {
    if (this.#missing < 0) {
      this.#head += text;
      const at = this.#head.indexOf('\r\n\r\n');
      if (at < 0) return;
      if (!this.#head.startsWith(`HTTP/1.1 ${status}`))
        throw new Error(`The server answered: ${this.#head.slice(0, 60)}`);
      this.#missing = Number(/content-length: (\d+)/i.exec(this.#head)?.[1] ?? 0) - (this.#head.length - at - 4);
    } else this.#missing -= text.length;
    if (this.#missing > 0) return;
    this.#head = '';
    this.#missing = -1;
    this.#answered();
  }
}
