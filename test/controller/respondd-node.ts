import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { constants, deflateRawSync } from 'node:zlib';

/**
 * Answers as Gluon's respondd does, written from what is known of it (facts: Lua writes every number as float, so `3.0`;
 * a `GET` is answered with one datagram in raw deflate).
 */
export function gluonAnswer(nodeId: string, more: { statistics?: string } = {}): string {
  const statistics =
    more.statistics ??
    `{"node_id":"${nodeId}","uptime":86400.25,"idletime":160000.5,"loadavg":0.17,"time":1764000000.0,
      "memory":{"total":125000.0,"free":40000.0,"buffers":2000.0,"cached":18000.0,"available":60000.0},
      "rootfs_usage":0.1,"clients":{"total":9.0,"wifi":7.0,"wifi24":3.0,"wifi5":4.0},
      "traffic":{"rx":{"bytes":8000000000.0,"packets":1.0},"tx":{"bytes":500000.0,"packets":1.0}}}`;
  return `{"nodeinfo":{"node_id":"${nodeId}","hostname":"school-roof","owner":{"contact":"anna@example.test"},
    "hardware":{"model":"TP-Link Archer C7 v2","nproc":1.0},
    "software":{"firmware":{"base":"gluon-v2023.2.3","release":"2.4.1"}},
    "location":{"latitude":52.0,"longitude":13.0}},
    "statistics":${statistics},
    "neighbours":{"node_id":"${nodeId}","batadv":{}}}`;
}

export const deflated = (json: string): Buffer => deflateRawSync(Buffer.from(json));

/** A packet that ends at a sync flush instead of the end of the stream, as Yanic's library makes them. */
export const syncFlushed = (json: string): Buffer =>
  deflateRawSync(Buffer.from(json), { finishFlush: constants.Z_SYNC_FLUSH });

/** A node over a real IPv6 socket. */
export class RespondDNode {
  /** What it sends for each question. */
  answers: readonly Buffer[] = [];
  readonly questions: string[] = [];
  readonly toGroup: string[] = [];
  /** The port from which it was asked last. */
  lastAsker = 0;
  /** Its own address, from which it answers. */
  readonly #socket = createSocket({ type: 'udp6', ipv6Only: true });
  /** The address of the group; every node there hears it. */
  #group: Socket | undefined;

  /** @param group  also hears questions to this group on this interface */
  async start(port = 0, address = '::1', group?: { readonly address: string; readonly interface: string }) {
    await this.#hear(this.#socket, port, address);
    const own = this.#socket.address().port;
    if (group !== undefined) {
      this.#group = createSocket({ type: 'udp6', ipv6Only: true, reuseAddr: true });
      await this.#hear(this.#group, own, `${group.address}%${group.interface}`);
      this.#group.addMembership(group.address, `::%${group.interface}`);
    }
    return own;
  }

  async #hear(socket: Socket, port: number, address: string): Promise<void> {
    socket.on('message', (datagram, { address: from, port: remote }) => {
      // Empty: somebody only wants to know whether anybody listens.
      if (datagram.length === 0) return;
      (socket === this.#group ? this.toGroup : this.questions).push(datagram.toString());
      this.lastAsker = remote;
      for (const answer of this.answers) this.#socket.send(answer, remote, from);
    });
    socket.bind(port, address);
    await once(socket, 'listening');
  }

  stop(): void {
    this.#socket.close();
    this.#group?.close();
  }
}
