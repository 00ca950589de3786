import { createSocket, type Socket } from 'node:dgram';
import { hmacMd5, md5 } from '../../radius/wire/md5';
import { AUTHENTICATOR_AT, HEADER_OCTETS, parsePacket } from '../../radius/wire/packet';

/** Requests that are on their way at the same time: like a busy gateway, or a town of quiet ones. */
const WINDOW = 64;
/** On loopback nothing gets lost, so this much silence is a fault. */
const PATIENCE_MS = 5_000;

/** Is this the answer that is due to the request? */
export type Verify = (reply: Buffer, request: Buffer) => boolean;

/** A closed loop over one UDP socket: whenever an answer comes, the next request goes. */
export class Load {
  readonly #socket: Socket;
  #receive: (reply: Buffer) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (reply) => this.#receive(reply));
  }

  static async open(): Promise<Load> {
    const lookup = (address: string, _options: unknown, done: (error: null, address: string, family: number) => void) =>
      done(null, address, 4);
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 2 ** 20, lookup });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new Load(socket);
  }

  /**
   * Sends the requests, whose identifiers count up from 0, and returns answers per second. The answers are verified
   * after the clock has stopped, so that this costs the server nothing.
   * @throws Error if one is missing or wrong
   */
  async slice(requests: readonly Buffer[], port: number, verify: Verify): Promise<number> {
    const replies: Buffer[] = [];
    const waiting = new Map<number, number>();
    let sent = 0;
    const next = (): void => {
      const request = requests[sent];
      if (request === undefined) return;
      waiting.set(request[1] ?? 0, sent);
      sent += 1;
      this.#socket.send(request, port, '127.0.0.1');
    };
    const begun = performance.now();
    await new Promise<void>((resolve, reject) => {
      const lost = () => reject(new Error(`${requests.length - replies.length} answers are missing`));
      let patience = setTimeout(lost, PATIENCE_MS);
      let answered = 0;
      this.#receive = (reply) => {
        const index = waiting.get(reply[1] ?? 0);
        if (index === undefined) return;
        waiting.delete(reply[1] ?? 0);
        replies[index] = reply;
        answered += 1;
        if (answered % WINDOW === 0) patience = patience.refresh();
        if (answered < requests.length) return next();
        clearTimeout(patience);
        resolve();
      };
      for (let i = 0; i < WINDOW; i++) next();
    });
    const seconds = (performance.now() - begun) / 1_000;
    const wrong = requests.findIndex((request, i) => !verify(replies[i] ?? Buffer.alloc(0), request));
    if (wrong >= 0) throw new Error(`answer ${wrong} of ${requests.length} is not the one due to its request`);
    return requests.length / seconds;
  }

  close(): void {
    this.#socket.close();
  }
}

/** Checks an answer's type, its authenticator and, where it must be signed, its signature. */
export function verifier(code: number, signed: boolean, secret: Buffer): Verify {
  return (octets, request) => {
    const reply = parsePacket(octets);
    if (reply?.code !== code || reply.identifier !== request[1]) return false;
    const asked = request.subarray(AUTHENTICATOR_AT, HEADER_OCTETS);
    const head = octets.subarray(0, AUTHENTICATOR_AT);
    if (!md5(head, asked, octets.subarray(HEADER_OCTETS), secret).equals(reply.authenticator)) return false;
    const at = reply.messageAuthenticatorAt;
    if (at === undefined) return !signed;
    const parts = [head, asked, octets.subarray(HEADER_OCTETS, at), Buffer.alloc(16), octets.subarray(at + 16)];
    return hmacMd5(secret, ...parts).equals(octets.subarray(at, at + 16));
  };
}
