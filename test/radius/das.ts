import { createHash, createHmac } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import radius from 'radius';

export const SECRET = 'only-for-these-vectors-4wP';

type Answer = { readonly code: string; readonly cause?: number } | 'silence' | 'forged';

/** The gateway's side, by a second implementation: npm's `radius` checks each request and seals the answers. */
export class Das {
  readonly requests: Buffer[] = [];
  answer: Answer = { code: 'Disconnect-ACK' };
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (request, peer) => {
      this.requests.push(request);
      const { answer } = this;
      if (answer === 'silence') return;
      const secret = answer === 'forged' ? 'another-secret' : SECRET;
      const { code, cause } = answer === 'forged' ? { code: 'Disconnect-ACK', cause: undefined } : answer;
      const attributes: [string, number][] = cause === undefined ? [] : [['Error-Cause', cause]];
      const packet = radius.decode_without_secret({ packet: request });
      socket.send(radius.encode_response({ packet, code, secret, attributes }), peer.port, peer.address);
    });
  }

  static async open(): Promise<Das> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Das(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** The attributes of a request, once its authenticator has been verified; decoding throws if it is wrong. */
  attributes(index = 0): Record<string, unknown> {
    const packet = this.requests[index] ?? Buffer.alloc(0);
    // npm's radius checks a signature as in an Access-Request, which RFC 5176 3.4 does not want: it is checked apart.
    return radius.decode({ packet: withoutSignature(packet), secret: SECRET }).attributes;
  }

  close(): void {
    this.#socket.close();
  }
}

/** The same request as if it had never been signed; throws if the signature, the first attribute, is wrong. */
function withoutSignature(packet: Buffer): Buffer {
  if (packet[20] !== 80) return packet;
  const zeroed = Buffer.from(packet).fill(0, 4, 20).fill(0, 22, 38);
  expect(packet.subarray(22, 38)).toEqual(createHmac('md5', SECRET).update(zeroed).digest());
  const head = Buffer.from(packet).fill(0, 4, 20);
  expect(packet.subarray(4, 20)).toEqual(createHash('md5').update(head).update(SECRET).digest());
  const rest = Buffer.concat([head.subarray(0, 20), packet.subarray(38)]);
  rest.writeUInt16BE(rest.length, 2);
  createHash('md5').update(rest).update(SECRET).digest().copy(rest, 4);
  return rest;
}
