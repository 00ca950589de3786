import type { Socket } from 'node:net';

/**
 * The connections of a server, and which of them wait for a request. When there are too many, the one that has been silent
 * for longest makes room: whoever opens thousands and says nothing does not keep visitors out.
 */
export class IdleConnections {
  readonly #most: number;
  /** By their other end, which the connection and the TLS upon it have in common. The one idle for longest first. */
  readonly #idle = new Map<string, Socket>();
  /** To make a name takes longer than all else that is done here with every request. */
  readonly #names = new WeakMap<Socket, string>();
  #open = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a new connection. False if one had to be ended for it, or this one because every other is busy. */
  enter(socket: Socket): boolean {
    const name = this.#nameOf(socket);
    const [oldest] = this.#idle;
    const hasRoom = this.#open < this.#most;
    if (!hasRoom) {
      if (oldest === undefined) {
        socket.destroy();
        return false;
      }
      this.#idle.delete(oldest[0]);
      oldest[1].destroy();
    }
    this.#open += 1;
    this.#idle.set(name, socket);
    socket.once('close', () => {
      this.#open -= 1;
      this.#idle.delete(name);
    });
    return hasRoom;
  }

  /** A request came on it, and is being answered. False if one that came before still is. */
  busy(socket: Socket): boolean {
    return this.#idle.delete(this.#nameOf(socket));
  }

  /** The answer is out; the connection is kept for another request. */
  idle(socket: Socket): void {
    if (!socket.destroyed) this.#idle.set(this.#nameOf(socket), socket);
  }

  #nameOf(socket: Socket): string {
    let name = this.#names.get(socket);
    if (name === undefined) {
      name = `${socket.remoteAddress} ${socket.remotePort}`;
      this.#names.set(socket, name);
    }
    return name;
  }
}
