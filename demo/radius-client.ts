import { timingSafeEqual } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { UamGateway } from '../config/schema';
import { splitOctets } from '../core/octets';
import { SECOND } from '../core/time';
import { PendingRequests } from '../radius/transport/pending-requests';
import {
  type Attribute,
  addressAttribute,
  integerAttribute,
  octetsAttribute,
  textAttribute,
} from '../radius/wire/attributes';
import { AUTHENTICATOR_AT, CODE, encodePacket, HEADER_OCTETS, type Packet } from '../radius/wire/packet';
import type { Clock } from '../runtime/clock';
import { hmacMd5, md5 } from '../runtime/md5';
import type { Random } from '../runtime/random';

export interface Logon {
  readonly username: string;
  /** The 16 octets that the portal computed for the browser. */
  readonly chapResponse: Buffer;
  readonly chapChallenge: Buffer;
  readonly device: string;
  readonly sessionId: string;
}

/** What an Access-Accept said. */
export interface Login {
  readonly sessionTimeoutSeconds: number;
  readonly class?: string;
}

export type AccountingKind = 'start' | 'stop' | 'interim' | 'on' | 'off';

export interface SessionReport {
  readonly username: string;
  readonly device: string;
  readonly sessionId: string;
  readonly seconds: number;
  readonly downloadOctets: number;
  readonly uploadOctets: number;
  readonly class?: string;
}

/** Acct-Status-Type [RFC 2866 5.1]. */
const STATUS: Record<AccountingKind, number> = { start: 1, stop: 2, interim: 3, on: 7, off: 8 };
const SEND_AGAIN_AFTER = [1 * SECOND, 2 * SECOND, 3 * SECOND];
const ZEROES = Buffer.alloc(16);
/** A default session when the server sets none. */
const ONE_HOUR = 3600;

/** The gateway's side of RADIUS, from the address that the configuration names for it. */
export class RadiusClient {
  readonly #secret: Buffer;
  readonly #kind: UamGateway['kind'];
  readonly #source: string;
  readonly #server: { host: string; authenticationPort: number; accountingPort: number };
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #pending: PendingRequests;
  #socket: Socket | undefined;

  constructor(
    gateway: UamGateway,
    server: { host: string; authenticationPort: number; accountingPort: number },
    clock: Clock,
    random: Random,
  ) {
    this.#secret = Buffer.from(gateway.radius.secret.reveal());
    this.#kind = gateway.kind;
    this.#source = gateway.radius.clients[0] ?? '127.0.0.1';
    this.#server = server;
    this.#clock = clock;
    this.#random = random;
    this.#pending = new PendingRequests(clock, SEND_AGAIN_AFTER);
  }

  start(): Promise<void> {
    const socket = createSocket('udp4');
    this.#socket = socket;
    socket.on('message', (datagram) => this.#pending.receive(datagram));
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, this.#source, resolve);
    });
  }

  /** Gives up what is still waiting for an answer. */
  async stop(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    this.#pending.giveUp();
    await new Promise<void>((resolve) => socket.close(resolve));
  }

  /** Asks whether the device may go online; undefined if not, or if nobody answers. */
  async authenticate({ username, chapResponse, chapChallenge, device, sessionId }: Logon): Promise<Login | undefined> {
    const attributes = [
      octetsAttribute('Message-Authenticator', ZEROES),
      textAttribute('User-Name', username),
      octetsAttribute('CHAP-Password', Buffer.concat([Buffer.of(0), chapResponse])),
      octetsAttribute('CHAP-Challenge', chapChallenge),
      textAttribute('Acct-Session-Id', sessionId),
      textAttribute('Calling-Station-Id', device),
      addressAttribute('NAS-IP-Address', this.#source),
    ];
    const reply = await this.#ask(this.#server.authenticationPort, (identifier) => {
      const packet = encodePacket(CODE.accessRequest, identifier, this.#random.bytes(16), attributes);
      packet.set(hmacMd5(this.#secret, packet), HEADER_OCTETS + 2);
      return packet;
    });
    if (reply?.code !== CODE.accessAccept) return undefined;
    const returned = reply.attributes.text('Class');
    return {
      sessionTimeoutSeconds: reply.attributes.integer('Session-Timeout') ?? ONE_HOUR,
      ...(returned !== undefined && { class: returned }),
    };
  }

  /** Sends an accounting record; true once the server has confirmed it. */
  async account(kind: AccountingKind, report?: SessionReport): Promise<boolean> {
    const attributes = [
      integerAttribute('Acct-Status-Type', STATUS[kind]),
      addressAttribute('NAS-IP-Address', this.#source),
      integerAttribute('Event-Timestamp', Math.floor(this.#clock.now() / SECOND)),
      ...(report === undefined ? [] : sessionAttributes(report, this.#kind)),
    ];
    const reply = await this.#ask(this.#server.accountingPort, (identifier) => {
      const packet = encodePacket(CODE.accountingRequest, identifier, ZEROES, attributes);
      packet.set(md5(packet, this.#secret), AUTHENTICATOR_AT);
      return packet;
    });
    return reply?.code === CODE.accountingResponse;
  }

  #ask(port: number, make: (identifier: number) => Buffer): Promise<Packet | undefined> {
    if (this.#socket === undefined) return Promise.resolve(undefined);
    const transmit = (request: Buffer): void => this.#socket?.send(request, port, this.#server.host);
    return this.#pending.request(make, (reply, request) => this.#isProven(reply, request), transmit);
  }

  /** The Response Authenticator shows that whoever answers knows the secret and saw this request [RFC 2865 3]. */
  #isProven({ octets, authenticator }: Packet, request: Buffer): boolean {
    const asked = request.subarray(AUTHENTICATOR_AT, HEADER_OCTETS);
    const expected = md5(octets.subarray(0, AUTHENTICATOR_AT), asked, octets.subarray(HEADER_OCTETS), this.#secret);
    return timingSafeEqual(expected, authenticator);
  }
}

function sessionAttributes(report: SessionReport, kind: UamGateway['kind']): Attribute[] {
  // RFC 2866 counts from the network's side, CoovaChilli from the visitor's.
  const { uploadOctets, downloadOctets } = report;
  const [input, output] = kind === 'coovachilli' ? [downloadOctets, uploadOctets] : [uploadOctets, downloadOctets];
  const received = splitOctets(input);
  const sent = splitOctets(output);
  return [
    textAttribute('User-Name', report.username),
    textAttribute('Calling-Station-Id', report.device),
    textAttribute('Acct-Session-Id', report.sessionId),
    integerAttribute('Acct-Session-Time', report.seconds),
    integerAttribute('Acct-Input-Octets', received.low),
    integerAttribute('Acct-Input-Gigawords', received.gigawords),
    integerAttribute('Acct-Output-Octets', sent.low),
    integerAttribute('Acct-Output-Gigawords', sent.gigawords),
    ...(report.class === undefined ? [] : [textAttribute('Class', report.class)]),
  ];
}
