import { isIPv6 } from 'node:net';
import type { Config } from '../../config/schema';
import type { GatewayId } from '../../core/ids';
import { SECOND } from '../../core/time';
import type { Cancel, Clock } from '../../runtime/clock';
import { derived, type Live } from '../../runtime/live';
import { type Peer, UdpSocket } from '../transport/udp';
import { type Packet, parsePacket } from '../wire/packet';
import type { Channel } from './channel';

/** How long each transmission waits for its answer; the same octets go out each time [RFC 5080 2.2.1, RFC 5176 2.3]. */
const PATIENCE = [1 * SECOND, 2 * SECOND, 3 * SECOND];
/** The identifier is one octet. */
const MOST_REQUESTS = 256;

interface Waiting {
  readonly request: Buffer;
  readonly peer: Peer;
  readonly isAnswer: (reply: Packet, request: Buffer) => boolean;
  readonly resolve: (reply: Packet | undefined) => void;
  cancel: Cancel;
}

interface Endpoint extends Peer {
  readonly secret: Buffer;
}

export interface UdpChannelOptions {
  readonly config: Live<Config>;
  readonly clock: Clock;
  readonly onError: (error: Error) => void;
}

/** Reaches gateways by UDP at the port where they take orders, 3799 unless configured. */
export class UdpChannel implements Channel {
  readonly #options: UdpChannelOptions;
  readonly #endpoints: () => ReadonlyMap<GatewayId, Endpoint>;
  readonly #waiting = new Map<number, Waiting>();
  #socket: UdpSocket | undefined;
  #lastIdentifier = 0;

  constructor(options: UdpChannelOptions) {
    this.#options = options;
    this.#endpoints = derived(options.config, endpointsOf);
  }

  /** @throws the error of the system if no port can be had */
  async start(): Promise<void> {
    const { config, onError } = this.#options;
    const { host } = config.current.radius;
    this.#socket = await UdpSocket.open({ host, port: 0 }, (datagram) => this.#receive(datagram), onError);
  }

  /** Gives up what still waits for an answer. */
  async stop(): Promise<void> {
    for (const identifier of [...this.#waiting.keys()]) this.#settle(identifier, undefined);
    await this.#socket?.close();
    this.#socket = undefined;
  }

  secretOf(gateway: GatewayId): Buffer | undefined {
    return this.#endpoints().get(gateway)?.secret;
  }

  request(
    gateway: GatewayId,
    make: (identifier: number) => Buffer,
    isAnswer: (reply: Packet, request: Buffer) => boolean,
  ): Promise<Packet | undefined> {
    const endpoint = this.#endpoints().get(gateway);
    const identifier = this.#freeIdentifier();
    if (endpoint === undefined || identifier === undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const waiting = { request: make(identifier), peer: endpoint, isAnswer, resolve, cancel: () => {} };
      this.#waiting.set(identifier, waiting);
      this.#send(identifier, waiting, 0);
    });
  }

  #send(identifier: number, waiting: Waiting, times: number): void {
    const patience = PATIENCE[times];
    if (patience === undefined) {
      this.#settle(identifier, undefined);
      return;
    }
    this.#socket?.send(waiting.request, waiting.peer);
    waiting.cancel = this.#options.clock.after(patience, () => this.#send(identifier, waiting, times + 1));
  }

  /** Where it came from proves nothing, and behind NAT it may be another address: the digest over our request does. */
  #receive(datagram: Buffer): void {
    const reply = parsePacket(datagram);
    if (reply === undefined) return;
    const waiting = this.#waiting.get(reply.identifier);
    if (waiting?.isAnswer(reply, waiting.request)) this.#settle(reply.identifier, reply);
  }

  #settle(identifier: number, reply: Packet | undefined): void {
    const waiting = this.#waiting.get(identifier);
    this.#waiting.delete(identifier);
    waiting?.cancel();
    waiting?.resolve(reply);
  }

  /** The one that was free for longest, so that a late answer meets no other request. */
  #freeIdentifier(): number | undefined {
    for (let tries = 0; tries < MOST_REQUESTS; tries++) {
      this.#lastIdentifier = (this.#lastIdentifier + 1) % MOST_REQUESTS;
      if (!this.#waiting.has(this.#lastIdentifier)) return this.#lastIdentifier;
    }
    return undefined;
  }
}

/** Where each gateway takes orders: at the configured address, else at the first single one that it sends from. */
function endpointsOf({ gateways, radius: { host } }: Config): ReadonlyMap<GatewayId, Endpoint> {
  const endpoints = new Map<GatewayId, Endpoint>();
  for (const gateway of gateways) {
    if (gateway.kind === 'opennds') continue;
    const { dynamicAuthorization, clients, secret } = gateway.radius;
    const address = dynamicAuthorization.address ?? clients.find((client) => !client.includes('/'));
    const reachable = address === undefined ? undefined : fromSocket(address, isIPv6(host));
    if (reachable === undefined) continue;
    endpoints.set(gateway.id, {
      address: reachable,
      port: dynamicAuthorization.port,
      secret: Buffer.from(secret.reveal()),
    });
  }
  return endpoints;
}

/** How a socket of this family writes the address; undefined if it cannot reach it. */
function fromSocket(address: string, overIpv6: boolean): string | undefined {
  if (isIPv6(address) === overIpv6) return address;
  return overIpv6 ? `::ffff:${address}` : undefined;
}
