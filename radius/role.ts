import type { Config } from '../config/schema';
import { SECOND } from '../core/time';
import { type Clock, pause } from '../runtime/clock';
import { listenError } from '../runtime/listen';
import { derived, type Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import type { Registry } from '../runtime/metrics';
import { systemRandom } from '../runtime/random';
import type { Role } from '../runtime/role';
import type { EndStore, ExamStore, GrantStore, LeaseStore, SessionStore } from '../store/store';
import { BurstLog } from './burst-log';
import type { Channel } from './dynamic-authorization/channel';
import { DynamicAuthorization } from './dynamic-authorization/service';
import { ExamBoard } from './exam-board';
import { accessHandler } from './handlers/access';
import { accountingHandler } from './handlers/accounting';
import { accountingStatus, authenticationStatus } from './handlers/status';
import { RadiusMetrics, radsecGauges } from './metrics';
import { NasTable } from './nas';
import { Responder, type Service } from './responder';
import { sessionName } from './session-name';
import { radsecChannel } from './transport/radsec/channel';
import { RadsecServer } from './transport/radsec/server';
import { UdpSocket } from './transport/udp';
import { nasIdentifierOf } from './wire/nas-identifier';
import { CODE } from './wire/packet';

export interface RadiusDeps {
  readonly config: Live<Config>;
  readonly store: GrantStore & SessionStore & EndStore & ExamStore & LeaseStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
}

/** How long answers under way may take once the role stops. */
const DRAIN_MS = 2 * SECOND;

interface Listener {
  readonly socket: { stopReceiving(): void; close(): Promise<void> };
  readonly responder: Responder;
}

/** The RADIUS server: authentication and accounting over UDP, and orders to gateways. A change of its ports takes a restart. */
export class RadiusRole implements Role {
  readonly name = 'radius';
  readonly #deps: RadiusDeps;
  readonly #log: Log;
  #listeners: Listener[] = [];
  #dynamicAuthorization: DynamicAuthorization | undefined;

  #serving = false;

  /** The UDP ports in use, once started. */
  authenticationPort = 0;
  accountingPort = 0;
  /** The TCP port in use, once started; 0 if RadSec is off. */
  radsecPort = 0;

  constructor(deps: RadiusDeps) {
    this.#deps = deps;
    this.#log = deps.log.child({ role: this.name });
  }

  /** @throws OperatorError LISTEN_FAILED if a port cannot be had */
  async start(): Promise<void> {
    const { config, store, clock, registry } = this.#deps;
    const metrics = new RadiusMetrics(registry, config, store);
    const exams = new ExamBoard(store);
    const nameOf = sessionName(config.current.key.reveal());
    const shared = { metrics, log: new BurstLog(this.#log, clock), clock };
    const authentication: Service = {
      handlers: new Map([
        [
          CODE.accessRequest,
          { kind: 'access', handle: accessHandler({ store, exams, random: systemRandom, ...shared }) },
        ],
        [CODE.statusServer, { kind: 'status', handle: authenticationStatus }],
      ]),
      elsewhere: CODE.accountingRequest,
    };
    const accounting: Service = {
      handlers: new Map([
        [CODE.accountingRequest, { kind: 'accounting', handle: accountingHandler(store, metrics, nameOf) }],
        [CODE.statusServer, { kind: 'status', handle: accountingStatus }],
      ]),
      elsewhere: CODE.accessRequest,
    };
    // Without the store it is tried again each second.
    await exams.refresh(clock.now()).catch((err: unknown) => this.#log.error('exams-not-read', { err }));
    try {
      this.authenticationPort = await this.#listen(new Responder(authentication, shared), 'authenticationPort');
      this.accountingPort = await this.#listen(new Responder(accounting, shared), 'accountingPort');
      // On a stream both kinds come on one connection; its Status-Server is answered as for authentication.
      const both = { handlers: new Map([...accounting.handlers, ...authentication.handlers]) };
      const channels = await this.#listenRadsec(new Responder(both, shared), shared);
      const own = { config, store, exams, clock, log: this.#log, metrics, channels };
      this.#dynamicAuthorization = new DynamicAuthorization(own);
      await this.#dynamicAuthorization.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#serving = true;
  }

  async stop(): Promise<void> {
    this.#serving = false;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const { socket } of listeners) socket.stopReceiving();
    const answered = listeners.map(({ responder }) => responder.idle());
    const drained = Promise.all([...answered, this.#dynamicAuthorization?.stop()]);
    if (listeners.length > 0) await Promise.race([drained, pause(this.#deps.clock, DRAIN_MS)]);
    await Promise.all(listeners.map(({ socket }) => socket.close()));
  }

  notReady(): string | undefined {
    return this.#serving ? undefined : 'its ports are not open';
  }

  async #listen(responder: Responder, setting: 'authenticationPort' | 'accountingPort'): Promise<number> {
    const { host, [setting]: port } = this.#deps.config.current.radius;
    const nasTable = derived(this.#deps.config, (config) => new NasTable(config));
    try {
      const socket: UdpSocket = await UdpSocket.open(
        { host, port },
        (datagram, peer) =>
          responder.receive(
            datagram,
            nasTable().find(peer.address, () => nasIdentifierOf(datagram)),
            peer,
            {
              send: (reply) => socket.send(reply, peer),
            },
          ),
        (err) => this.#log.error('radius-socket-failed', { err }),
      );
      this.#listeners.push({ socket, responder });
      return socket.port;
    } catch (error) {
      throw listenError(error, `${host}:${port}`, 'RADIUS', `radius.${setting}`);
    }
  }

  /** @returns the ways to gateways that it opens */
  async #listenRadsec(
    responder: Responder,
    { metrics, log: bursts, clock }: { metrics: RadiusMetrics; log: BurstLog; clock: Clock },
  ): Promise<Channel[]> {
    const { config, registry } = this.#deps;
    const { radsec } = config.current.radius;
    if (radsec === undefined) return [];
    const server = new RadsecServer({ config, responder, metrics, clock, log: this.#log, bursts });
    await server.start(radsec);
    this.#listeners.push({ socket: server, responder });
    this.radsecPort = server.port;
    radsecGauges(registry, server);
    return [radsecChannel(server)];
  }
}
