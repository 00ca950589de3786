import { isIPv6 } from 'node:net';
import type { Config } from '../../config/schema';
import type { GatewayId } from '../../core/ids';
import { SECOND } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import { derived, type Live } from '../../runtime/live';
import { type IsAnswer, type MakeRequest, PendingRequests } from '../transport/pending-requests';
import { type Peer, UdpSocket } from '../transport/udp';
import type { Packet } from '../wire/packet';
import type { Channel } from './channel';

/** How long each transmission waits for its answer [RFC 5176 2.3]. */
const PATIENCE = [1 * SECOND, 2 * SECOND, 3 * SECOND];

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
  readonly #pending: PendingRequests;
  #socket: UdpSocket | undefined;

  constructor(options: UdpChannelOptions) {
    this.#options = options;
    this.#endpoints = derived(options.config, endpointsOf);
    this.#pending = new PendingRequests(options.clock, PATIENCE);
  }

  /** @throws the error of the system if no port can be had */
  async start(): Promise<void> {
    const { config, onError } = this.#options;
    const { host } = config.current.radius;
    // Where an answer comes from proves nothing, and behind NAT it may be another address: the digest over our request does.
    this.#socket = await UdpSocket.open({ host, port: 0 }, (datagram) => this.#pending.receive(datagram), onError);
  }

  /** Gives up what still waits for an answer. */
  async stop(): Promise<void> {
    this.#pending.giveUp();
    await this.#socket?.close();
    this.#socket = undefined;
  }

  secretOf(gateway: GatewayId): Buffer | undefined {
    return this.#endpoints().get(gateway)?.secret;
  }

  request(gateway: GatewayId, make: MakeRequest, isAnswer: IsAnswer): Promise<Packet | undefined> {
    const endpoint = this.#endpoints().get(gateway);
    if (endpoint === undefined) return Promise.resolve(undefined);
    return this.#pending.request(make, isAnswer, (request) => this.#socket?.send(request, endpoint));
  }
}

/** Where each gateway takes orders: at the configured address, else at the first single one that it sends from. */
function endpointsOf({ gateways, radius: { host } }: Config): ReadonlyMap<GatewayId, Endpoint> {
  const endpoints = new Map<GatewayId, Endpoint>();
  for (const gateway of gateways) {
    if (!('radius' in gateway)) continue;
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
