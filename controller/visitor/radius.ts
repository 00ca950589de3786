import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import type { RadiusGateway } from '../../config/schema';
import { SECOND } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import type { Random } from '../../runtime/random';

/**
 * What a gateway says to a RADIUS server, as little as a walk needs (RFC 2865, RFC 2866). Written apart from radius/, so
 * that a fault there is not hidden by the same fault here.
 */

const CODE = { request: 1, accept: 2, accountingRequest: 4, accountingResponse: 5 } as const;
const TYPE = {
  userName: 1,
  userPassword: 2,
  chapPassword: 3,
  class: 25,
  callingStationId: 31,
  nasIdentifier: 32,
  acctStatusType: 40,
  acctSessionId: 44,
  acctSessionTime: 46,
  acctTerminateCause: 49,
  chapChallenge: 60,
  messageAuthenticator: 80,
} as const;
const HEADER_OCTETS = 20;
const USER_REQUEST = 1;
const SEND_AGAIN_AFTER = [1 * SECOND, 2 * SECOND, 3 * SECOND];

type Attribute = readonly [type: number, value: Buffer | string | number];

/** By CHAP or by PAP, as the browser proved the password to the gateway. */
export type VisitorLogin = { readonly username: string } & (
  | { readonly chap: { readonly id: number; readonly response: Buffer; readonly challenge: Buffer } }
  | { readonly password: string }
);

/** `silent`: no answer that is proven to come from the server. */
export type Outcome = 'accepted' | 'rejected' | 'silent';

export interface RadiusServer {
  readonly host: string;
  readonly authenticationPort: number;
  readonly accountingPort: number;
}

/** One session of the synthetic visitor at the RADIUS server. */
export class VisitorSession {
  readonly #gateway: RadiusGateway;
  readonly #server: RadiusServer;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #secret: Buffer;
  readonly #named: readonly Attribute[];
  #class: Buffer | undefined;

  constructor(gateway: RadiusGateway, server: RadiusServer, device: string, clock: Clock, random: Random) {
    this.#gateway = gateway;
    this.#server = server;
    this.#clock = clock;
    this.#random = random;
    this.#secret = Buffer.from(gateway.radius.secret.reveal());
    this.#named = [
      [TYPE.acctSessionId, random.bytes(8).toString('hex')],
      [TYPE.callingStationId, device.replaceAll(':', '-').toUpperCase()],
      [TYPE.nasIdentifier, gateway.radius.nasIdentifier ?? gateway.id],
    ];
  }

  async logIn(login: VisitorLogin): Promise<Outcome> {
    const authenticator = this.#random.bytes(16);
    // Signed, and the signature first (draft-ietf-radext-deprecating-radius 5.2).
    const packet = encode(CODE.request, this.#random.bytes(1), authenticator, [
      [TYPE.messageAuthenticator, Buffer.alloc(16)],
      [TYPE.userName, login.username],
      ...this.#proof(login, authenticator),
      ...this.#named,
    ]);
    createHmac('md5', this.#secret)
      .update(packet)
      .digest()
      .copy(packet, HEADER_OCTETS + 2);
    const reply = await this.#ask(packet, this.#server.authenticationPort);
    if (reply === undefined) return 'silent';
    this.#class = attributeOf(reply, TYPE.class);
    return reply[0] === CODE.accept ? 'accepted' : 'rejected';
  }

  #proof(login: VisitorLogin, authenticator: Buffer): Attribute[] {
    if (!('chap' in login)) return [[TYPE.userPassword, hidden(login.password, this.#secret, authenticator)]];
    const { id, response, challenge } = login.chap;
    return [
      [TYPE.chapPassword, Buffer.concat([Buffer.of(id), response])],
      [TYPE.chapChallenge, challenge],
    ];
  }

  begin(username: string): Promise<Outcome> {
    return this.#account([
      [TYPE.acctStatusType, 1],
      [TYPE.userName, username],
    ]);
  }

  end(username: string, seconds: number): Promise<Outcome> {
    return this.#account([
      [TYPE.acctStatusType, 2],
      [TYPE.userName, username],
      [TYPE.acctSessionTime, seconds],
      [TYPE.acctTerminateCause, USER_REQUEST],
    ]);
  }

  async #account(attributes: readonly Attribute[]): Promise<Outcome> {
    const given: Attribute[] = this.#class === undefined ? [] : [[TYPE.class, this.#class]];
    const all = [...attributes, ...this.#named, ...given];
    const packet = encode(CODE.accountingRequest, this.#random.bytes(1), Buffer.alloc(16), all);
    // RFC 2866 3: the MD5 of the packet with zeros in this place, and the secret.
    createHash('md5').update(packet).update(this.#secret).digest().copy(packet, 4);
    const reply = await this.#ask(packet, this.#server.accountingPort);
    if (reply === undefined) return 'silent';
    return reply[0] === CODE.accountingResponse ? 'accepted' : 'rejected';
  }

  /** Sends until an answer comes that proves to know the secret and this request; undefined if none does. */
  async #ask(packet: Buffer, port: number): Promise<Buffer | undefined> {
    const socket = await openSocket(this.#gateway.radius.clients[0]);
    let reply: Buffer | undefined;
    socket.on('message', (datagram) => {
      if (isProven(datagram, packet, this.#secret)) reply = datagram;
      if (reply !== undefined) wake();
    });
    let wake = (): void => {};
    try {
      for (const wait of SEND_AGAIN_AFTER) {
        await new Promise<void>((resolve) => {
          const cancel = this.#clock.after(wait, resolve);
          wake = () => {
            cancel();
            resolve();
          };
          socket.send(packet, port, this.#server.host, () => {});
        });
        if (reply !== undefined) break;
      }
      return reply;
    } finally {
      socket.close();
    }
  }
}

/** The server knows a gateway by its address, so the first one configured is used if this machine has it. */
async function openSocket(source: string | undefined): Promise<Socket> {
  if (source !== undefined && isIP(source) === 4) {
    try {
      return await bound(source);
    } catch {
      // Then the address by which this machine reaches the server has to be configured.
    }
  }
  return bound('0.0.0.0');
}

async function bound(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  socket.on('error', () => {});
  return socket;
}

function encode(code: number, identifier: Buffer, authenticator: Buffer, attributes: readonly Attribute[]): Buffer {
  const encoded = attributes.map(([type, value]) => {
    const octets = typeof value === 'number' ? uint32(value) : Buffer.from(value);
    return Buffer.concat([Buffer.of(type, octets.length + 2), octets]);
  });
  const packet = Buffer.concat([Buffer.of(code, identifier[0] ?? 0, 0, 0), authenticator, ...encoded]);
  packet.writeUInt16BE(packet.length, 2);
  return packet;
}

/** RFC 2865 5.2, User-Password: each 16 octets under the MD5 of the secret and the octets hidden before. */
function hidden(password: string, secret: Buffer, authenticator: Buffer): Buffer {
  const padded = Buffer.alloc(Math.max(1, Math.ceil(password.length / 16)) * 16);
  padded.write(password);
  let before = authenticator;
  for (let at = 0; at < padded.length; at += 16) {
    const key = createHash('md5').update(secret).update(before).digest();
    before = padded.subarray(at, at + 16);
    for (let i = 0; i < 16; i++) before[i] = (before[i] ?? 0) ^ (key[i] ?? 0);
  }
  return padded;
}

function uint32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}

/** RFC 2865 3, Response Authenticator. */
function isProven(reply: Buffer, request: Buffer, secret: Buffer): boolean {
  if (reply.length < HEADER_OCTETS || reply[1] !== request[1] || reply.readUInt16BE(2) !== reply.length) return false;
  const expected = createHash('md5')
    .update(reply.subarray(0, 4))
    .update(request.subarray(4, HEADER_OCTETS))
    .update(reply.subarray(HEADER_OCTETS))
    .update(secret)
    .digest();
  return timingSafeEqual(expected, reply.subarray(4, HEADER_OCTETS));
}

function attributeOf(packet: Buffer, type: number): Buffer | undefined {
  for (let at = HEADER_OCTETS; at + 2 <= packet.length; ) {
    const length = packet[at + 1] ?? 0;
    if (length < 2 || at + length > packet.length) return undefined;
    if (packet[at] === type) return packet.subarray(at + 2, at + length);
    at += length;
  }
  return undefined;
}
