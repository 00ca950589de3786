import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { IgnoredReason } from '../../core/reasons';

/** An answer that came, and from where. */
type Receive = (datagram: Buffer, address: string) => void;

const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;

/**
 * The IPv6 socket on which all nodes are asked. Who listens for an address hears only it; who listens for a group hears
 * every source that nobody else listens for.
 */
export class RespondDSocket {
  readonly #onIgnored: (reason: IgnoredReason) => void;
  readonly #nodes = new Map<string, Set<Receive>>();
  /** By the port that the answers must come from. */
  readonly #groups = new Map<number, Set<Receive>>();
  #socket: Promise<Socket> | undefined;

  constructor(onIgnored: (reason: IgnoredReason) => void) {
    this.#onIgnored = onIgnored;
  }

  /** Rejects if this machine cannot send there. */
  async send(question: Buffer, port: number, address: string): Promise<void> {
    const socket = await this.#open();
    await new Promise<void>((resolve, reject) => {
      socket.send(question, port, address, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  /** @returns how to stop listening */
  listenTo(address: string, port: number, receive: Receive): () => void {
    return listen(this.#nodes, `${address} ${port}`, receive);
  }

  listenToGroup(port: number, receive: Receive): () => void {
    return listen(this.#groups, port, receive);
  }

  async close(): Promise<void> {
    const opened = await this.#socket?.catch(() => undefined);
    this.#socket = undefined;
    opened?.close();
  }

  #open(): Promise<Socket> {
    if (this.#socket !== undefined) return this.#socket;
    const opening = bind((datagram, remote) => this.#receive(datagram, remote));
    this.#socket = opening;
    // Next time is another try: IPv6 may come later than this process.
    opening.catch(() => {
      if (this.#socket === opening) this.#socket = undefined;
    });
    return opening;
  }

  #receive(datagram: Buffer, { address, port }: RemoteInfo): void {
    const listeners = this.#nodes.get(`${address} ${port}`) ?? this.#groups.get(port);
    if (listeners === undefined) this.#onIgnored('unknown-source');
    else for (const receive of [...listeners]) receive(datagram, address);
  }
}

function listen<Key>(all: Map<Key, Set<Receive>>, key: Key, receive: Receive): () => void {
  const listeners = all.get(key) ?? new Set();
  all.set(key, listeners);
  listeners.add(receive);
  return () => {
    listeners.delete(receive);
    if (listeners.size === 0 && all.get(key) === listeners) all.delete(key);
  };
}

function bind(receive: (datagram: Buffer, remote: RemoteInfo) => void): Promise<Socket> {
  const socket = createSocket({
    type: 'udp6',
    ipv6Only: true,
    // Addresses only: without this, each send would ask the name service.
    lookup: (address, _options, found) => found(null, address, 6),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, () => {
      socket.off('error', reject);
      // Every question has its own time limit, so a fault of the socket needs no more than not to end the process.
      socket.on('error', () => {});
      socket.on('message', receive);
      socket.setRecvBufferSize(RECEIVE_BUFFER_OCTETS);
      resolve(socket);
    });
  });
}
