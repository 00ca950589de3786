import { createHmac } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { belongs, faultOf, HEADER, isAuthentic, SIGNATURE } from './packet';

/** How much later a reply may still come: accounting is answered once it is on disk, and disks may stall. */
const PATIENCE_MS = 10_000;
/** Longer than the server repeats an answer. */
const REPEATED_MS = 40_000;
const STATUS_SERVER = 12;
const ACCESS_REQUEST = 1;
const ACCESS_ACCEPT = 2;

/** A packet and when it was sent or came. */
interface Timed {
  readonly octets: Buffer;
  readonly at: number;
}

/** A reply that should not have been, with the packet it came after. */
export interface Violation {
  readonly what: string;
  readonly reply: string;
  readonly request?: string;
}

/**
 * A gateway's socket to one port of the server. It knows which of its packets may be answered, and holds every reply
 * against them: each authentic packet allows one, and that one may come again.
 */
export class Line {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #secret: Buffer;
  readonly #mayEnter: (request: Buffer) => boolean;
  /** Authentic packets not answered yet, by identifier. */
  readonly #open: Timed[][] = Array.from({ length: 256 }, () => []);
  /** Replies of late, by identifier: a repetition gets the same octets again [RFC 5080 2.2.2]. */
  readonly #given: Timed[][] = Array.from({ length: 256 }, () => []);
  #onReply = (_reply: Buffer): void => {};

  readonly violations: Violation[] = [];
  sent = 0;
  authentic = 0;
  answered = 0;
  accepted = 0;

  private constructor(socket: Socket, port: number, secret: Buffer, mayEnter: (request: Buffer) => boolean) {
    this.#socket = socket;
    this.#port = port;
    this.#secret = secret;
    this.#mayEnter = mayEnter;
    socket.on('message', (reply) => this.#examine(reply));
  }

  /** @param mayEnter  whether an Access-Request may be answered with an Access-Accept */
  static async open(port: number, secret: Buffer, mayEnter: (request: Buffer) => boolean): Promise<Line> {
    const socket = createSocket({
      type: 'udp4',
      recvBufferSize: 1 << 22,
      lookup: (host, _, done) => done(null, host, 4),
    });
    // First listen, then bind: without a look-up of names it listens at once.
    const listening = once(socket, 'listening');
    socket.bind(0, '127.0.0.1');
    await listening;
    return new Line(socket, port, secret, mayEnter);
  }

  /** Sends packets and waits until the server has looked at all of them: it answers the Status-Server behind them. */
  async volley(datagrams: readonly Buffer[], status: Buffer): Promise<void> {
    for (const datagram of datagrams) this.#send(datagram);
    const seen = new Promise<void>((resolve, reject) => {
      const patience = setTimeout(() => reject(new Error('the server does not answer any more')), 45_000);
      this.#onReply = (reply) => {
        if (!belongs(reply, status, this.#secret)) return;
        clearTimeout(patience);
        resolve();
      };
    });
    this.#send(status);
    await seen;
  }

  close(): void {
    this.#socket.close();
  }

  #send(datagram: Buffer): void {
    if (isAuthentic(datagram, this.#secret)) {
      this.authentic++;
      remember(this.#open[datagram[1] ?? 0] ?? [], datagram, PATIENCE_MS);
    }
    this.sent++;
    this.#socket.send(datagram, this.#port, '127.0.0.1');
  }

  #examine(reply: Buffer): void {
    this.answered++;
    const open = this.#open[reply[1] ?? 0] ?? [];
    const matching = open.filter(({ octets }) => belongs(reply, octets, this.#secret));
    const request = matching.find(({ octets }) => this.#faultOf(reply, octets) === undefined) ?? matching[0];
    if (request === undefined) {
      this.#violated('a reply to no authentic packet', reply);
      return;
    }
    // A repetition may belong to any of the packets with this authenticator, so it takes none of them away.
    const given = this.#given[reply[1] ?? 0] ?? [];
    if (!given.some(({ octets }) => octets.equals(reply))) {
      remember(given, reply, REPEATED_MS);
      open.splice(open.indexOf(request), 1);
      this.#judge(reply, request.octets);
    }
    this.#onReply(reply);
  }

  #judge(reply: Buffer, request: Buffer): void {
    if (request[0] === ACCESS_REQUEST && reply[0] === ACCESS_ACCEPT) this.accepted++;
    const fault = this.#faultOf(reply, request);
    if (fault !== undefined) this.#violated(fault, reply, request);
  }

  #faultOf(reply: Buffer, request: Buffer): string | undefined {
    const enters = request[0] === ACCESS_REQUEST && reply[0] === ACCESS_ACCEPT;
    if (enters && !this.#mayEnter(request)) return 'an Access-Accept without a grant';
    return faultOf(reply, request, this.#secret);
  }

  #violated(what: string, reply: Buffer, request?: Buffer): void {
    this.violations.push({ what, reply: reply.toString('hex'), ...(request && { request: request.toString('hex') }) });
  }
}

/** Adds a packet, and forgets those that are older than they need be. */
function remember(list: Timed[], octets: Buffer, milliseconds: number): void {
  const at = Date.now();
  while ((list[0]?.at ?? at) < at - milliseconds) list.shift();
  list.push({ octets, at });
}

/** A Status-Server, signed [RFC 5997 2.1]. */
export function statusServer(identifier: number, authenticator: Buffer, secret: Buffer): Buffer {
  const octets = Buffer.alloc(HEADER + 18);
  octets.set([STATUS_SERVER, identifier, 0, octets.length]);
  authenticator.copy(octets, 4);
  octets.set([SIGNATURE, 18], HEADER);
  createHmac('md5', secret)
    .update(octets)
    .digest()
    .copy(octets, HEADER + 2);
  return octets;
}
