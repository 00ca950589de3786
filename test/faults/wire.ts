import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freeTcpPort } from '../support/ports';

/** A TCP line to a server on loopback that can be cut: what is sent then arrives nowhere, and nobody is told. */
export class Wire {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(port: number, to: number) {
    this.port = port;
    this.#server = createServer((near) => {
      const far = connect({ port: to, host: '127.0.0.1' });
      for (const socket of [near, far]) this.#keep(socket);
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
      if (this.#isCut) this.cut();
    });
  }

  static async to(port: number): Promise<Wire> {
    const own = await freeTcpPort();
    const wire = new Wire(own, port);
    wire.#server.listen(own, '127.0.0.1');
    await once(wire.#server, 'listening');
    return wire;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  /** Whoever waits on one of the old connections learns that it is gone; new ones work. */
  mend(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  end(): void {
    this.mend();
    this.#server.close();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => this.#sockets.delete(socket));
  }
}
