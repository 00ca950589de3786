import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { IgnoredReason } from '../../core/reasons';
import { faultOfReply } from './reply-check';
import type { HostAddress } from './resolver';

type OnIgnored = (reason: IgnoredReason) => void;
type Sent = (error: Error | null, octets?: number) => void;

/** The system's default of 208 KiB loses answers when many arrive while this process is busy. */
const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;

/**
 * Two UDP sockets (one for each IP version, opened when first needed) shared by all SNMP sessions. A socket per access
 * point would end at the number of ephemeral ports, and net-snmp itself takes an answer from any source.
 */
export class SnmpTransport {
  readonly #onIgnored: OnIgnored;
  readonly #sockets = new Map<4 | 6, Promise<Socket>>();
  readonly #endpoints = new Map<string, Set<Endpoint>>();

  constructor(onIgnored: OnIgnored) {
    this.#onIgnored = onIgnored;
  }

  /**
   * An endpoint that sends to one agent and receives only from it.
   * @throws Error with a code such as EAFNOSUPPORT if this machine has no socket of that kind
   */
  async open(host: HostAddress, port: number, community: string): Promise<Endpoint> {
    const socket = await this.#socket(host.family);
    const key = keyOf(host.address, port);
    const sharing = this.#endpoints.get(key) ?? new Set();
    this.#endpoints.set(key, sharing);
    const endpoint = new Endpoint(socket, Buffer.from(community), this.#onIgnored, () => {
      sharing.delete(endpoint);
      if (sharing.size === 0 && this.#endpoints.get(key) === sharing) this.#endpoints.delete(key);
    });
    sharing.add(endpoint);
    return endpoint;
  }

  async close(): Promise<void> {
    const sockets = await Promise.allSettled(this.#sockets.values());
    this.#sockets.clear();
    for (const opened of sockets) if (opened.status === 'fulfilled') opened.value.close();
  }

  #socket(family: 4 | 6): Promise<Socket> {
    let socket = this.#sockets.get(family);
    if (socket === undefined) {
      socket = this.#bind(family);
      this.#sockets.set(family, socket);
      // Next time is another try: an address family may come later than this process.
      socket.catch(() => this.#sockets.delete(family));
    }
    return socket;
  }

  #bind(family: 4 | 6): Promise<Socket> {
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // Addresses only: without this, each send would ask the name service.
      lookup: (address, _options, found) => found(null, address, family),
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, () => {
        socket.off('error', reject);
        // Every request has its own time limit, so a fault of the socket needs no more than not to end the process.
        socket.on('error', () => {});
        socket.on('message', (datagram, remote) => this.#receive(datagram, remote));
        socket.setRecvBufferSize(RECEIVE_BUFFER_OCTETS);
        resolve(socket);
      });
    });
  }

  #receive(datagram: Buffer, { address, port }: RemoteInfo): void {
    const endpoints = this.#endpoints.get(keyOf(address, port));
    if (endpoints === undefined) this.#onIgnored('unknown-source');
    else for (const endpoint of [...endpoints]) endpoint.receive(datagram);
  }
}

function keyOf(address: string, port: number): string {
  return `${address} ${port}`;
}

/** What net-snmp takes for a socket: its `dgramModule` hands this out. */
export class Endpoint extends EventEmitter {
  readonly #socket: Socket;
  readonly #community: Buffer;
  readonly #onIgnored: OnIgnored;
  readonly #onClose: () => void;
  #closed = false;
  /** Datagrams of this agent that were not read. */
  ignored = 0;
  /** Called when the session failed to digest a datagram; its request will never be answered then. */
  onFault: () => void = () => {};

  constructor(socket: Socket, community: Buffer, onIgnored: OnIgnored, onClose: () => void) {
    super();
    this.#socket = socket;
    this.#community = community;
    this.#onIgnored = onIgnored;
    this.#onClose = onClose;
  }

  receive(datagram: Buffer): void {
    const fault = faultOfReply(datagram, this.#community);
    if (fault !== undefined) {
      this.ignore(fault);
      return;
    }
    try {
      this.emit('message', datagram);
    } catch {
      this.ignore('malformed');
      this.onFault();
    }
  }

  ignore(reason: IgnoredReason): void {
    this.ignored++;
    this.#onIgnored(reason);
  }

  /** As `dgram.Socket.send`. After `close` nothing is sent and nobody is called. */
  send(bytes: Buffer, offset: number, length: number, port: number, address: string, sent: Sent): void {
    if (this.#closed) return;
    this.#socket.send(bytes, offset, length, port, address, (error, octets) => {
      if (!this.#closed) sent(error, octets);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
    this.emit('close');
  }

  /** net-snmp holds a socket only while requests run; the shared one lives as long as the role. */
  ref(): void {}

  unref(): void {}
}
