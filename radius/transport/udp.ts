import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { atEndOfTurn } from '../../runtime/turn';

/** Where a datagram came from and where its answer goes. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** What the kernel keeps for us while we are busy; it may grant less. */
const RECEIVE_BUFFER_OCTETS = 4 * 2 ** 20;

/** One bound UDP socket. It knows nothing of RADIUS. */
export class UdpSocket {
  readonly #socket: Socket;
  readonly #outbox: { readonly datagram: Buffer; readonly peer: Peer }[] = [];
  #receiving = true;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * Binds a port; 0 lets the system choose one.
   * @param host  an IP address; names are not looked up
   * @param onDatagram  called for every datagram
   * @param onError  called when sending or receiving failed later on
   * @throws the error of the system if the port cannot be had
   */
  static open(
    { host, port }: { readonly host: string; readonly port: number },
    onDatagram: (datagram: Buffer, peer: Peer) => void,
    onError: (error: Error) => void,
  ): Promise<UdpSocket> {
    const family = isIPv6(host) ? 6 : 4;
    const socket = createSocket({
      type: `udp${family}`,
      recvBufferSize: RECEIVE_BUFFER_OCTETS,
      // Every send would otherwise go through dns.lookup, although addresses here are numbers already.
      lookup: (address, _options, done) => done(null, address, family),
    });
    const opened = new UdpSocket(socket);
    socket.on('message', (datagram, peer) => {
      if (opened.#receiving) onDatagram(datagram, peer);
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      // Workers share a port that is configured; one that the system chose is for the answers to one of them.
      socket.bind({ port, address: host, exclusive: port === 0 }, () => {
        socket.off('error', reject).on('error', onError);
        resolve(opened);
      });
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /**
   * Harmless after closing: an answer may come too late. What is sent in one turn of the event loop goes out together:
   * waking whoever waits for it takes the system as long as we take for an answer.
   */
  send(datagram: Buffer, peer: Peer): void {
    if (this.#closed) return;
    if (this.#outbox.push({ datagram, peer }) === 1) atEndOfTurn(() => this.#flush());
  }

  /** An answer that cannot be sent is like one that got lost: the gateway asks again. */
  #flush(): void {
    for (const { datagram, peer } of this.#outbox.splice(0)) {
      if (!this.#closed) this.#socket.send(datagram, peer.port, peer.address);
    }
  }

  /** From now on datagrams are ignored; answers can still be sent. */
  stopReceiving(): void {
    this.#receiving = false;
  }

  close(): Promise<void> {
    this.stopReceiving();
    this.#flush();
    this.#closed = true;
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }
}
