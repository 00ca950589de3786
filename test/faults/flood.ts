import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { SECOND } from '../../core/time';
import { integerAttribute, textAttribute } from '../../radius/wire/attributes';
import { systemClock } from '../../runtime/clock';
import { accountingRequest } from '../radius/client';

const INTERIM = 3;
const IDENTIFIERS = 256;
const SOCKETS = 16;
/** Ten times what a large town reports. */
const PER_SECOND = 20_000;
const TURN_MS = 5;
const MOST_IN_A_TURN = 500;

/** Accounting-Requests without regard for answers: each of a session of its own, so that none is a repetition. */
export class Flood {
  answered = 0;
  readonly #secret: Buffer;
  readonly #port: number;
  readonly #source: string;

  constructor(secret: Buffer, port: number, source: string) {
    this.#secret = secret;
    this.#port = port;
    this.#source = source;
  }

  /** @returns how many were sent */
  async run(milliseconds: number): Promise<number> {
    const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => this.#open()));
    const began = systemClock.monotonic();
    let sent = 0;
    for (let elapsed = 0; elapsed < milliseconds; elapsed = systemClock.monotonic() - began) {
      // A turn has an end, so that answers are taken in between.
      const due = Math.min(sent + MOST_IN_A_TURN, (elapsed / SECOND) * PER_SECOND);
      for (; sent < due; sent++) sockets[sent % SOCKETS]?.send(this.#record(sent), this.#port, '127.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
    setTimeout(() => {
      for (const socket of sockets) socket.close();
    }, 2 * SECOND).unref();
    return sent;
  }

  #record(number: number): Buffer {
    const attributes = [
      integerAttribute('Acct-Status-Type', INTERIM),
      textAttribute('Acct-Session-Id', `flood-${number % 20_000}`),
      integerAttribute('Acct-Session-Time', 60),
      integerAttribute('Acct-Output-Octets', number),
    ];
    return accountingRequest(Math.floor(number / SOCKETS) % IDENTIFIERS, attributes, this.#secret);
  }

  async #open(): Promise<Socket> {
    const socket = createSocket('udp4').unref();
    socket.on('message', () => {
      this.answered += 1;
    });
    socket.bind(0, this.#source);
    await once(socket, 'listening');
    return socket;
  }
}
