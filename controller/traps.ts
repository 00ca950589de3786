import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { AccessPoint, Config } from '../config/schema';
import { errnoOf, OperatorError } from '../core/errors';
import type { ApId } from '../core/ids';
import type { TrapResult } from '../core/reasons';
import { SECOND } from '../core/time';
import type { Clock } from '../runtime/clock';
import { Resolver } from './probe/resolver';
import { KeyMaker } from './probe/snmp-keys';
import { readTrap } from './trap-reader';

type Listen = NonNullable<Config['controller']['traps']>;

export interface TrapContext {
  readonly clock: Clock;
  /** Something happened at this access point; false if it was asked on account of a trap only just now. */
  readonly onTrap: (ap: ApId) => boolean;
  readonly count: (result: TrapResult) => void;
}

/** A trap is a hint. Who sends more of them than towns have access points is not read any more for a second. */
const MAX_PER_SECOND = 500;

/**
 * Hears SNMP traps. They can be forged, replayed and lost, so one never says anything about the state of an access
 * point: it only makes the controller ask sooner.
 */
export class TrapListener {
  readonly #context: TrapContext;
  readonly #keys = new KeyMaker();
  readonly #resolver: Resolver;
  #sources = new Map<string, AccessPoint[]>();
  #fallback: Config['controller']['snmp'];
  #socket: Socket | undefined;
  /** The last call of `follow`: an earlier one that still looks names up ends. */
  #following: symbol | undefined;
  #second = 0;
  #read = 0;

  constructor(context: TrapContext) {
    this.#context = context;
    this.#resolver = new Resolver(context.clock);
  }

  /** @throws OperatorError TRAPS_LISTEN if the port is taken or may not be used */
  async start({ host, port }: Listen): Promise<void> {
    const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(port, host, () => {
          socket.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      const what = `Traps cannot be heard at ${host} port ${port} (${errnoOf(cause)}).`;
      const remedy =
        'Choose another controller.traps.port, or end what listens there; ports below 1024 need a permission.';
      throw new OperatorError('TRAPS_LISTEN', what, remedy, { cause });
    }
    socket.on('error', () => {});
    socket.on('message', (datagram, { address }) => this.#context.count(this.#take(datagram, address)));
    this.#socket = socket;
  }

  /** Where it listens; 0 if it does not. */
  get port(): number {
    return this.#socket?.address().port ?? 0;
  }

  /** Takes traps from exactly these access points, each with the community or user with which it is asked. */
  async follow(accessPoints: readonly AccessPoint[], fallback: Config['controller']['snmp']): Promise<void> {
    const following = Symbol();
    this.#following = following;
    const sources = new Map<string, AccessPoint[]>();
    for (const ap of accessPoints) {
      if (ap.respondd !== undefined) continue;
      const address = isIP(ap.host) === 4 ? ap.host : (await this.#resolver.resolve(ap.host))?.address;
      if (this.#following !== following) return;
      if (address === undefined) continue;
      const sharing = sources.get(address);
      if (sharing === undefined) sources.set(address, [ap]);
      else sharing.push(ap);
    }
    this.#fallback = fallback;
    this.#sources = sources;
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #take(datagram: Buffer, address: string): TrapResult {
    const senders = this.#sources.get(address.replace(/^::ffff:/, ''));
    if (senders === undefined) return 'unknown-source';
    if (!this.#mayRead()) return 'too-many';
    const results = senders.map((ap): TrapResult => {
      const result = this.#readAs(ap, datagram);
      if (result !== 'taken') return result;
      return this.#context.onTrap(ap.id) ? 'taken' : 'too-many';
    });
    return results.includes('taken') ? 'taken' : (results[0] ?? 'unknown-source');
  }

  #readAs({ snmp, community }: AccessPoint, datagram: Buffer): TrapResult {
    const access = snmp ?? (community === undefined ? this.#fallback : { version: 'v2c' as const, community });
    if (access === undefined) return 'unknown-source';
    try {
      return readTrap(datagram, access, this.#keys);
    } catch {
      return 'malformed';
    }
  }

  #mayRead(): boolean {
    const second = Math.floor(this.#context.clock.monotonic() / SECOND);
    if (second !== this.#second) this.#read = 0;
    this.#second = second;
    return ++this.#read <= MAX_PER_SECOND;
  }
}
