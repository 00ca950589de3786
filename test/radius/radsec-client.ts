import { readFileSync } from 'node:fs';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { OUT_OF_STEP, PacketCutter } from '../../radius/transport/radsec/framing';
import { until } from '../support/wait';
import type { Pair } from './certificates';

/** How a gateway proves who it is. */
export type Proof = Pair | { readonly identity: string; readonly psk: string } | undefined;

/** A gateway's side of a RadSec connection: what it sends is what is given, what came is kept. */
export class RadsecClient {
  readonly received: Buffer[] = [];
  readonly #socket: TLSSocket;
  readonly #cutter = new PacketCutter();
  closed = false;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (octets) => {
      this.#cutter.put(octets);
      for (let packet = this.#cutter.next(); packet !== undefined; packet = this.#cutter.next()) {
        if (packet === OUT_OF_STEP) throw new Error('the server is out of step');
        this.received.push(packet);
      }
    });
    // A refusal shows as an error or as an end, whichever comes first.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** Resolves when TLS stands; with TLS 1.3 the server may refuse the certificate later on. */
  static open(port: number, proof: Proof, options: ConnectionOptions = {}): Promise<RadsecClient> {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...proofOptions(proof), ...options });
    const client = new RadsecClient(socket);
    return new Promise((resolve) => {
      socket.once('secureConnect', () => resolve(client));
      socket.once('close', () => resolve(client));
    });
  }

  send(octets: Buffer): void {
    this.#socket.write(octets);
  }

  /** From now on it takes nothing any more. */
  pause(): void {
    this.#socket.pause();
  }

  /** Sends and waits for one more packet than there were. */
  async ask(octets: Buffer): Promise<Buffer> {
    const before = this.received.length;
    this.send(octets);
    return until('an answer comes', () => this.received[before]);
  }

  /** The common name of the server's certificate. */
  get server(): unknown {
    return this.#socket.getPeerCertificate().subject?.CN;
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  get protocol(): string | null {
    return this.#socket.getProtocol();
  }

  whenClosed(): Promise<true> {
    return until('the server has closed the connection', () => this.closed || undefined).then(() => true);
  }

  close(): void {
    this.#socket.destroy();
  }
}

function proofOptions(proof: Proof): ConnectionOptions {
  if (proof === undefined) return {};
  if ('certificate' in proof) return { cert: readFileSync(proof.certificate), key: readFileSync(proof.key) };
  const { identity, psk } = proof;
  return { pskCallback: () => ({ identity, psk: Buffer.from(psk, 'hex') }), checkServerIdentity: () => undefined };
}
