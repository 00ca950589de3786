import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { UamGateway } from '../../config/schema';
import { SECOND } from '../../core/time';
import { PendingRequests } from '../../radius/transport/pending-requests';
import { type Attribute, integerAttribute, textAttribute } from '../../radius/wire/attributes';
import { AUTHENTICATOR_AT, CODE, HEADER_OCTETS, type Packet } from '../../radius/wire/packet';
import { systemClock } from '../../runtime/clock';
import { md5 } from '../../runtime/md5';
import { accountingRequest, papRequest } from '../radius/client';
import type { ProductPorts } from '../support/product';

const INTERIM = 3;
const ACCOUNTING_ON = 7;

/** What a session is reported to have used. */
export interface Report {
  readonly sessionId: string;
  /** Since it began. */
  readonly seconds: number;
  readonly downloadOctets: number;
  readonly grantId?: string | undefined;
}

/** How a login went. */
export interface Answer {
  readonly accepted: boolean;
  readonly seconds: number | undefined;
  readonly grantId: string | undefined;
  /** Why not, as the server says it. */
  readonly message: string | undefined;
}

/** The RADIUS side of a gateway for a load: a socket of its own, and as impatient as the drill wants it. */
export class LoadGateway {
  readonly id: string;
  readonly site: string;
  readonly secret: Buffer;
  readonly #ports: ProductPorts;
  readonly #tellsTime: boolean;
  readonly #socket: Socket;
  readonly #pending: PendingRequests;

  private constructor(
    { id, site, radius }: UamGateway,
    ports: ProductPorts,
    patience: readonly number[],
    tellsTime: boolean,
  ) {
    this.id = id;
    this.site = site;
    this.secret = Buffer.from(radius.secret.reveal());
    this.#ports = ports;
    this.#tellsTime = tellsTime;
    this.#socket = createSocket('udp4');
    this.#pending = new PendingRequests(systemClock, patience);
    this.#socket.on('message', (datagram) => this.#pending.receive(datagram));
  }

  /**
   * @param patience  how long each transmission waits for its answer, in milliseconds
   * @param tellsTime  whether its records say when they were made; those of uspot do not
   */
  static async open(
    gateway: UamGateway,
    ports: ProductPorts,
    patience: readonly number[],
    tellsTime = true,
  ): Promise<LoadGateway> {
    const opened = new LoadGateway(gateway, ports, patience, tellsTime);
    opened.#socket.bind(0, gateway.radius.clients[0]);
    await once(opened.#socket, 'listening');
    return opened;
  }

  /** True once the server has confirmed the record. */
  async account({ sessionId, seconds, downloadOctets, grantId }: Report): Promise<boolean> {
    const attributes = [
      integerAttribute('Acct-Status-Type', INTERIM),
      textAttribute('Acct-Session-Id', sessionId),
      integerAttribute('Acct-Session-Time', seconds),
      ...(this.#tellsTime ? [integerAttribute('Event-Timestamp', Math.floor(systemClock.now() / SECOND))] : []),
      integerAttribute('Acct-Output-Octets', downloadOctets),
      ...(grantId === undefined ? [] : [textAttribute('Class', grantId)]),
    ];
    const reply = await this.#ask(this.#ports.accounting, (id) => accountingRequest(id, attributes, this.secret));
    return reply?.code === CODE.accountingResponse;
  }

  /** Says that it has just started [RFC 2866 5.1]. */
  async accountingOn(): Promise<boolean> {
    const attributes = [
      integerAttribute('Acct-Status-Type', ACCOUNTING_ON),
      integerAttribute('Event-Timestamp', Math.floor(systemClock.now() / SECOND)),
    ];
    const reply = await this.#ask(this.#ports.accounting, (id) => accountingRequest(id, attributes, this.secret));
    return reply?.code === CODE.accountingResponse;
  }

  /** Logs a device in, by its address unless a credential is given; undefined if nobody answered. */
  async login(device: string, credential = { username: device, password: device }): Promise<Answer | undefined> {
    const attributes: Attribute[] = [
      textAttribute('User-Name', credential.username),
      textAttribute('Calling-Station-Id', device),
    ];
    const make = (id: number): Buffer => papRequest(id, credential.password, attributes, this.secret);
    const reply = await this.#ask(this.#ports.authentication, make);
    return (
      reply && {
        accepted: reply.code === CODE.accessAccept,
        seconds: reply.attributes.integer('Session-Timeout'),
        grantId: reply.attributes.text('Class'),
        message: reply.attributes.text('Reply-Message'),
      }
    );
  }

  close(): void {
    this.#pending.giveUp();
    this.#socket.close();
  }

  #ask(port: number, make: (identifier: number) => Buffer): Promise<Packet | undefined> {
    return this.#pending.request(
      make,
      (reply, request) => this.#isProven(reply, request),
      (request) => this.#socket.send(request, port, '127.0.0.1', () => undefined),
    );
  }

  #isProven({ octets, authenticator }: Packet, request: Buffer): boolean {
    const asked = request.subarray(AUTHENTICATOR_AT, HEADER_OCTETS);
    const rest = octets.subarray(HEADER_OCTETS);
    return md5(octets.subarray(0, AUTHENTICATOR_AT), asked, rest, this.secret).equals(authenticator);
  }
}
