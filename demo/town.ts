import type { Config, UamGateway } from '../config/schema';
import type { Clock } from '../runtime/clock';
import type { Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import type { Random } from '../runtime/random';
import { type Role, startRoles, stopRoles } from '../runtime/role';
import { DemoAccessPoints } from './access-points';
import { SimulatedGateway } from './gateway';
import { DemoVisitors } from './visitors';

/** The simulated town: a gateway for each one in the configuration, an SNMP agent for each access point, and visitors. */
export class DemoTown implements Role {
  readonly name = 'demo';
  readonly #roles: readonly Role[];
  readonly #visitors: DemoVisitors;
  readonly #log: Log;
  #stands = false;

  constructor({ config, clock, random, ...deps }: { config: Live<Config>; clock: Clock; random: Random; log: Log }) {
    const log = deps.log.child({ role: this.name });
    const { gateways, portal, radius } = config.current;
    const uamGateways = gateways.filter((gateway): gateway is UamGateway => 'uam' in gateway);
    const shared = { portalUrl: portal.url, radius, clock, random, log };
    this.#roles = [
      new DemoAccessPoints({ config, clock, random, log }),
      ...uamGateways.map((gateway) => new SimulatedGateway({ gateway, ...shared })),
    ];
    this.#visitors = new DemoVisitors(uamGateways, clock, random, log);
    this.#log = log;
  }

  async start(): Promise<void> {
    await startRoles(this.#roles, this.#log);
    this.#visitors.start();
    this.#stands = true;
  }

  async stop(): Promise<void> {
    this.#visitors.stop();
    await stopRoles(this.#roles, this.#log);
  }

  notReady(): string | undefined {
    return this.#stands ? undefined : 'not every gateway and access point is simulated yet';
  }
}
