import type { AccessPoint, Config, Site } from '../config/schema';
import { MINUTE } from '../core/time';
import type { Cancel, Clock } from '../runtime/clock';
import type { Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import type { Random } from '../runtime/random';
import type { Role } from '../runtime/role';
import { SimulatedDevice } from './device';
import { serveSnmp } from './snmp-agent';

/** The bus is out of reach for three minutes in every ten, so that an outage can be watched. */
const TOUR_MS = 10 * MINUTE;
const LEAVES_AFTER_MS = 3 * MINUTE;
const RETURNS_AFTER_MS = 6 * MINUTE;

export interface DemoAccessPointsContext {
  readonly config: Live<Config>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The access points of the demo town, as it is configured at the start: real SNMP agents on loopback. */
export class DemoAccessPoints implements Role {
  readonly name = 'demo-access-points';
  readonly #context: DemoAccessPointsContext;
  #agents: readonly SimulatedAgent[] = [];

  constructor(context: DemoAccessPointsContext) {
    this.#context = context;
  }

  async start(): Promise<void> {
    const { accessPoints, sites } = this.#context.config.current;
    const kinds = new Map(sites.map(({ id, kind }) => [id, kind]));
    this.#agents = accessPoints.map((ap) => new SimulatedAgent(ap, kinds.get(ap.site) ?? 'other', this.#context));
    for (const agent of this.#agents) await agent.start();
  }

  async stop(): Promise<void> {
    for (const agent of this.#agents) agent.stop();
  }

  notReady(): string | undefined {
    return undefined;
  }
}

/** One access point: its device behind an SNMP agent. That of a bus goes away and comes back. */
class SimulatedAgent {
  readonly #ap: AccessPoint;
  readonly #travels: boolean;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #device: SimulatedDevice;
  #cancelTours: Cancel = () => {};
  #legs: readonly Cancel[] = [];
  #stopped = false;
  #agent: { close(): void } | undefined;

  constructor(ap: AccessPoint, kind: Site['kind'], { clock, random, log }: DemoAccessPointsContext) {
    this.#ap = ap;
    this.#travels = kind === 'bus';
    this.#clock = clock;
    this.#log = log;
    this.#device = new SimulatedDevice(kind, random, clock.now());
  }

  async start(): Promise<void> {
    await this.#serve();
    if (!this.#travels) return;
    this.#tour();
    this.#cancelTours = this.#clock.every(TOUR_MS, () => this.#tour());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTours();
    for (const cancel of this.#legs) cancel();
    this.#silence();
  }

  async #serve(): Promise<void> {
    const { host, port, community } = this.#ap;
    const where = { host, port, community: community?.reveal() ?? '' };
    this.#agent = await serveSnmp(where, 'accessPoints', () => this.#device.read(this.#clock.now()));
    if (this.#stopped) this.#silence();
  }

  #silence(): void {
    this.#agent?.close();
    this.#agent = undefined;
  }

  /** Out of reach means without power here: the device starts anew when it comes back. */
  #tour(): void {
    this.#legs = [
      this.#clock.after(LEAVES_AFTER_MS, () => this.#silence()),
      this.#clock.after(RETURNS_AFTER_MS, () => {
        this.#device.reboot(this.#clock.now());
        this.#serve().catch((err) => this.#log.warn('demo-access-point-not-served', { ap: this.#ap.id, err }));
      }),
    ];
  }
}
