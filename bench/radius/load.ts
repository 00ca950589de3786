import { createSocket, type Socket } from 'node:dgram';

/** Requests that are on their way at the same time: like a busy gateway, or a town of quiet ones. */
export const WINDOW = 64;
/** On loopback nothing gets lost, so this much silence is a fault; SQLite may let a writer wait for long. */
const PATIENCE_MS = 15_000;

/** Is this the answer that is due to the request? */
export type Verify = (reply: Buffer, request: Buffer) => boolean;

/**
 * A closed loop over one UDP socket: whenever an answer comes, the next request with that identifier goes, so that no
 * identifier is used for two requests at a time.
 */
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
   * Sends the requests, of which the nth has n modulo 64 as identifier, until they are used up or the time is; then waits
   * for the answers under way. They are verified after the clock has stopped, so that this costs nobody anything.
   * @returns answers per second
   * @throws Error if an answer is missing or wrong
   */
  async slice(requests: readonly Buffer[], milliseconds: number, port: number, verify: Verify): Promise<number> {
    const answers: [request: Buffer, reply: Buffer][] = [];
    const begun = performance.now();
    let underWay = 0;
    const send = (index: number): void => {
      const request = performance.now() - begun < milliseconds ? requests[index] : undefined;
      if (request === undefined) return;
      underWay += 1;
      this.#socket.send(request, port, '127.0.0.1');
    };
    await new Promise<void>((resolve, reject) => {
      const lost = () => reject(new Error(`${underWay} answers are missing`));
      const patience = setTimeout(lost, PATIENCE_MS);
      const nextOf = Array.from({ length: WINDOW }, (_, identifier) => identifier);
      this.#receive = (reply) => {
        const identifier = reply[1] ?? 0;
        const index = nextOf[identifier] ?? 0;
        const request = requests[index];
        if (request !== undefined) answers.push([request, reply]);
        nextOf[identifier] = index + WINDOW;
        underWay -= 1;
        if (answers.length % WINDOW === 0) patience.refresh();
        send(index + WINDOW);
        if (underWay > 0) return;
        clearTimeout(patience);
        resolve();
      };
      for (let identifier = 0; identifier < WINDOW; identifier++) send(identifier);
    });
    const seconds = (performance.now() - begun) / 1_000;
    const wrong = answers.filter(([request, reply]) => !verify(reply, request));
    if (wrong.length > 0) throw new Error(`${wrong.length} of ${answers.length} answers are not those due`);
    return answers.length / seconds;
  }

  close(): void {
    this.#socket.close();
  }
}
