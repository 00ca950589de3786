import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Attribute } from '../../radius/wire/attributes';
import { octetsAttribute } from '../../radius/wire/attributes';
import { AUTHENTICATOR_AT, CODE, encodePacket } from '../../radius/wire/packet';
import { hmacMd5, md5 } from '../../runtime/md5';

const ZEROES = Buffer.alloc(16);

/** Hides a password as a gateway does [RFC 2865 5.2]. */
export function hide(password: string, authenticator: Buffer, secret: Buffer): Buffer {
  const text = Buffer.from(password);
  const padded = Buffer.alloc(Math.max(16, Math.ceil(text.length / 16) * 16));
  text.copy(padded);
  let previous = authenticator;
  for (let at = 0; at < padded.length; at += 16) {
    const block = padded.subarray(at, at + 16);
    const mask = md5(secret, previous);
    for (let i = 0; i < 16; i++) block[i] = (block[i] ?? 0) ^ (mask[i] ?? 0);
    previous = block;
  }
  return padded;
}

/** An Access-Request or Status-Server, signed at its end as older gateways do. */
export function signedRequest(
  code: number,
  identifier: number,
  attributes: readonly Attribute[],
  secret: Buffer,
  authenticator = randomBytes(16),
): Buffer {
  const signature = octetsAttribute('Message-Authenticator', ZEROES);
  const packet = encodePacket(code, identifier, authenticator, [...attributes, signature]);
  packet.set(hmacMd5(secret, packet), packet.length - 16);
  return packet;
}

/** An Access-Request with a hidden password. */
export function papRequest(
  identifier: number,
  password: string,
  attributes: readonly Attribute[],
  secret: Buffer,
): Buffer {
  const authenticator = randomBytes(16);
  const all = [...attributes, octetsAttribute('User-Password', hide(password, authenticator, secret))];
  return signedRequest(CODE.accessRequest, identifier, all, secret, authenticator);
}

/** An Accounting-Request [RFC 2866 3]. */
export function accountingRequest(identifier: number, attributes: readonly Attribute[], secret: Buffer): Buffer {
  const packet = encodePacket(CODE.accountingRequest, identifier, ZEROES, attributes);
  packet.set(md5(packet, secret), AUTHENTICATOR_AT);
  return packet;
}

/** A gateway's bare UDP socket: what it sends is what is given, what came back is kept. */
export class BareGateway {
  readonly #socket: Socket;
  readonly #secret: Buffer;
  readonly replies: Buffer[] = [];

  private constructor(socket: Socket, secret: Buffer) {
    this.#socket = socket;
    this.#secret = secret;
    socket.on('message', (reply) => this.replies.push(reply));
  }

  static async open(source: string, secret: Buffer): Promise<BareGateway> {
    const socket = createSocket('udp4');
    socket.bind(0, source);
    await once(socket, 'listening');
    return new BareGateway(socket, secret);
  }

  send(datagram: Buffer, port: number): void {
    this.#socket.send(datagram, port, '127.0.0.1');
  }

  /** Sends and waits for one more reply than there were. */
  async ask(datagram: Buffer, port: number): Promise<Buffer> {
    const reply = once(this.#socket, 'message', { signal: AbortSignal.timeout(5_000) });
    this.send(datagram, port);
    const [octets] = await reply;
    return octets;
  }

  /**
   * Waits until the server has looked at everything sent to this port before: it takes datagrams in order, so once it
   * answers a Status-Server the others are behind it. Returns what it answered in between.
   */
  async settle(port: number): Promise<Buffer[]> {
    const before = this.replies.length;
    const identifier = 255;
    this.send(signedRequest(CODE.statusServer, identifier, [], this.#secret), port);
    while (this.replies.at(-1)?.[1] !== identifier || this.replies.length === before) {
      await once(this.#socket, 'message', { signal: AbortSignal.timeout(5_000) });
    }
    this.replies.pop();
    return this.replies.slice(before);
  }

  close(): void {
    this.#socket.close();
  }
}
