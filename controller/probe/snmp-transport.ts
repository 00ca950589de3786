import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { errnoOf } from '../../core/errors';
import type { IgnoredReason, MissReason } from '../../core/reasons';
import type { Cancel, Clock } from '../../runtime/clock';
import type { HostAddress } from './resolver';
import type { Pdu } from './snmp-reader';
import type { Opened } from './snmp-security';

/** Why a request got no usable answer. */
export class SnmpFault extends Error {
  readonly reason: MissReason;

  constructor(reason: MissReason, cause?: unknown) {
    super(reason, { cause });
    this.name = 'SnmpFault';
    this.reason = reason;
  }
}

export interface Destination {
  readonly host: HostAddress;
  readonly port: number;
}

/** One request on its way. */
export interface Exchange {
  /** The message, made anew at each sending. */
  readonly message: () => Buffer;
  readonly open: (datagram: Buffer) => Opened;
  /** The wait for an answer to each sending, in milliseconds. */
  readonly waits: readonly number[];
}

/** The system's default of 208 KiB loses answers when many arrive while this process is busy. */
const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;
/** How often an agent may ask to be asked again before its words are taken for noise. */
const MAX_AGAIN = 3;
/** More addresses than a town has access points. */
const TIDY_FROM = 100_000;

/**
 * Two UDP sockets (one for each IP version, opened when first needed) shared by all agents. A socket per access point
 * would end at the number of ephemeral ports. What comes from elsewhere than was asked is not even looked at.
 */
export class SnmpTransport {
  readonly #clock: Clock;
  readonly #onIgnored: (reason: IgnoredReason) => void;
  readonly #sockets = new Map<4 | 6, Promise<Socket>>();
  /** By the address that was asked. Entries stay when nobody waits: those who are asked once are asked again. */
  readonly #waiting = new Map<string, Waiting[]>();
  #tidyAt = TIDY_FROM;

  constructor(clock: Clock, onIgnored: (reason: IgnoredReason) => void) {
    this.#clock = clock;
    this.#onIgnored = onIgnored;
  }

  /**
   * Opens the socket that reaches this kind of address.
   * @throws SnmpFault unreachable, if this machine has no socket of that kind
   */
  async open(to: Destination): Promise<Line> {
    if (this.#waiting.size >= this.#tidyAt) this.#tidy();
    try {
      return new Line(await this.#socket(to.host.family), to, this.#clock, this.#waiting);
    } catch (error) {
      throw new SnmpFault('unreachable', error);
    }
  }

  async close(): Promise<void> {
    const sockets = await Promise.allSettled(this.#sockets.values());
    this.#sockets.clear();
    for (const opened of sockets) if (opened.status === 'fulfilled') opened.value.close();
  }

  /** Names get other addresses in the course of time. */
  #tidy(): void {
    for (const [key, { length }] of this.#waiting) if (length === 0) this.#waiting.delete(key);
    this.#tidyAt = Math.max(TIDY_FROM, 2 * this.#waiting.size);
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

  /** Several requests may wait for one address: the access points that one controller answers for. */
  #receive(datagram: Buffer, { address, port }: RemoteInfo): void {
    const all = this.#waiting.get(keyOf(address, port));
    let reason: IgnoredReason | undefined = 'unknown-source';
    for (const waiting of all ?? []) {
      reason = waiting.receive(datagram);
      if (reason === undefined) return;
    }
    if (reason !== undefined) this.#onIgnored(reason);
  }
}

function keyOf(address: string, port: number): string {
  return `${address} ${port}`;
}

/** The way to one agent. */
export class Line {
  readonly #socket: Socket;
  readonly #to: Destination;
  readonly #clock: Clock;
  readonly #key: string;
  readonly #all: Map<string, Waiting[]>;
  #current: Waiting | undefined;
  #closed = false;

  constructor(socket: Socket, to: Destination, clock: Clock, all: Map<string, Waiting[]>) {
    this.#socket = socket;
    this.#to = to;
    this.#clock = clock;
    this.#key = keyOf(to.host.address, to.port);
    this.#all = all;
  }

  /**
   * Sends a request until it is answered. One at a time.
   * @throws SnmpFault
   */
  async ask(exchange: Exchange): Promise<Pdu> {
    if (this.#closed) throw new SnmpFault('timeout');
    const waiting = new Waiting(exchange, this.#clock, (message, sent) => this.#send(message, sent));
    this.#current = waiting;
    let sharing = this.#all.get(this.#key);
    if (sharing === undefined) {
      sharing = [];
      this.#all.set(this.#key, sharing);
    }
    sharing.push(waiting);
    try {
      return await waiting.answer();
    } finally {
      this.#current = undefined;
      sharing.splice(sharing.indexOf(waiting), 1);
    }
  }

  /** Ends what is under way; its promise rejects. */
  close(): void {
    this.#closed = true;
    this.#current?.fail(new SnmpFault('timeout'));
  }

  #send(message: Buffer, failed: (error: Error) => void): void {
    this.#socket.send(message, this.#to.port, this.#to.host.address, (error) => {
      if (error) failed(error);
    });
  }
}

/** One request that waits for its answer. */
class Waiting {
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #send: (message: Buffer, failed: (error: Error) => void) => void;
  #sent = 0;
  #again = 0;
  #hint: MissReason = 'timeout';
  #cancelTimer: Cancel = () => {};
  #done: (pdu: Pdu) => void = () => {};
  #failed: (fault: SnmpFault) => void = () => {};

  constructor(exchange: Exchange, clock: Clock, send: (message: Buffer, failed: (error: Error) => void) => void) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#send = send;
  }

  answer(): Promise<Pdu> {
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
      this.#transmit();
    });
  }

  /** Why the datagram is ignored; undefined if it is what was waited for. */
  receive(datagram: Buffer): IgnoredReason | undefined {
    const opened = this.#exchange.open(datagram);
    if (opened.kind === 'ignored') {
      // A late answer to an earlier request says nothing about this one.
      if (opened.reason !== 'unasked') this.#hint = opened.hint ?? 'malformed';
      return opened.reason;
    }
    if (opened.kind === 'again') {
      if (++this.#again > MAX_AGAIN) return 'unasked';
      this.#cancelTimer();
      this.#sent = Math.max(0, this.#sent - 1);
      this.#transmit();
      return undefined;
    }
    this.#cancelTimer();
    this.#done(opened.pdu);
    return undefined;
  }

  fail(fault: SnmpFault): void {
    this.#cancelTimer();
    this.#failed(fault);
  }

  #transmit(): void {
    const wait = this.#exchange.waits[this.#sent];
    if (wait === undefined) {
      this.#failed(new SnmpFault(this.#hint));
      return;
    }
    this.#sent++;
    this.#cancelTimer = this.#clock.after(wait, () => this.#transmit());
    // EACCES, ENETUNREACH ...: this machine has no way there.
    this.#send(this.#exchange.message(), (error) =>
      this.fail(new SnmpFault(errnoOf(error) === undefined ? 'timeout' : 'unreachable', error)),
    );
  }
}
