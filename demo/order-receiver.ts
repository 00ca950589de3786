import { createSocket, type Socket } from 'node:dgram';
import type { UamGateway } from '../config/schema';
import { type Attribute, integerAttribute } from '../radius/wire/attributes';
import { AUTHENTICATOR_AT, CODE, encodePacket, HEADER_OCTETS, parsePacket } from '../radius/wire/packet';
import { md5 } from '../runtime/md5';

const ZEROES = Buffer.alloc(16);
/** Session-Context-Not-Found [RFC 5176 3.5]. */
const NOT_FOUND = 503;

/** Takes orders to end sessions, as uspot and CoovaChilli do at UDP port 3799. */
export class OrderReceiver {
  readonly #secret: Buffer;
  readonly #end: (sessionId: string) => Promise<boolean>;
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;

  /** @param end  ends a session; false if there is none of that id */
  constructor({ radius }: UamGateway, end: (sessionId: string) => Promise<boolean>) {
    this.#secret = Buffer.from(radius.secret.reveal());
    this.#end = end;
    this.#host = radius.dynamicAuthorization.address ?? radius.clients[0] ?? '127.0.0.1';
    this.#port = radius.dynamicAuthorization.port;
  }

  /** Rejects with the error of the system if the port cannot be had. */
  start(): Promise<void> {
    const socket = createSocket('udp4');
    socket.on('message', (datagram, peer) => {
      void this.#answer(datagram).then((answer) => {
        if (answer !== undefined) this.#socket?.send(answer, peer.port, peer.address);
      });
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(this.#port, this.#host, () => {
        this.#socket = socket;
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(resolve));
  }

  async #answer(datagram: Buffer): Promise<Buffer | undefined> {
    const request = parsePacket(datagram);
    if (request?.code !== CODE.disconnectRequest) return undefined;
    const { octets, identifier, authenticator, attributes } = request;
    const head = octets.subarray(0, AUTHENTICATOR_AT);
    const expected = md5(head, ZEROES, octets.subarray(HEADER_OCTETS), this.#secret);
    if (!expected.equals(authenticator)) return undefined;
    const ended = await this.#end(attributes.text('Acct-Session-Id') ?? '');
    const because: Attribute[] = ended ? [] : [integerAttribute('Error-Cause', NOT_FOUND)];
    const answer = encodePacket(ended ? CODE.disconnectAck : CODE.disconnectNak, identifier, authenticator, because);
    answer.set(md5(answer, this.#secret), AUTHENTICATOR_AT);
    return answer;
  }
}
