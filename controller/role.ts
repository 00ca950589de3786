import type { Config } from '../config/schema';
import type { ApId } from '../core/ids';
import { SECOND } from '../core/time';
import type { Cancel, Clock } from '../runtime/clock';
import type { Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import type { Registry } from '../runtime/metrics';
import type { Random } from '../runtime/random';
import type { Role } from '../runtime/role';
import type { HealthStore } from '../store/store';
import { type ControllerMetrics, controllerMetrics } from './metrics';
import { type ControllerPages, controllerPages } from './pages';
import { type OpenProber, openProber, protocolOf } from './probe';
import type { Prober } from './probe/probe';
import { Scheduler } from './scheduler';
import { trapMetrics } from './trap-metrics';
import { TrapListener } from './traps';
import { SyntheticVisitors } from './visitor/visitors';
import { Watch } from './watch';

export interface ControllerDependencies {
  readonly config: Live<Config>;
  readonly store: HealthStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: Registry;
  /** How access points are asked; a test may be less patient than life. */
  readonly openProber?: OpenProber;
}

interface Running {
  readonly prober: Prober;
  readonly scheduler: Scheduler;
  readonly metrics: ControllerMetrics;
  readonly traps: TrapListener;
  readonly visitors: SyntheticVisitors;
}

/** Polls every access point, keeps its health and outages, and shows them to Prometheus. */
export class ControllerRole implements Role {
  readonly name = 'controller';
  /** What Prometheus asks about sites and access points. */
  readonly pages: ControllerPages;
  readonly #deps: ControllerDependencies;
  readonly #watch: Watch;
  #running: Running | undefined;
  #cancelWord: Cancel = () => {};

  constructor(deps: ControllerDependencies) {
    this.#deps = deps;
    this.#watch = new Watch(deps);
    const { config, clock } = deps;
    this.pages = controllerPages({ config, clock, watched: this.#watch });
  }

  async start(): Promise<void> {
    const { config, clock, registry } = this.#deps;
    await this.#watch.load();
    const scheduler = new Scheduler(clock, (ap, signal) => this.#poll(ap, signal));
    const metrics = controllerMetrics(registry, {
      overdue: () => scheduler.overdue(),
      isBlind: () => this.#watch.isBlind,
      unseen: () => this.#watch.unseen,
    });
    const open = this.#deps.openProber ?? openProber;
    const prober = open({
      clock,
      onIgnored: (reason) => metrics.ignored(reason),
      snmp: () => config.current.controller,
    });
    const onTrap = (ap: ApId): boolean => scheduler.soon(ap);
    const traps = new TrapListener({ clock, onTrap, count: trapMetrics(registry) });
    const visitors = new SyntheticVisitors(this.#deps);
    this.#running = { prober, scheduler, metrics, traps, visitors };
    config.onChange(() => this.#follow());
    this.#schedule(this.#running);
    const listen = config.current.controller.traps;
    if (listen !== undefined) await traps.start(listen);
    scheduler.start();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    this.#cancelWord();
    running.visitors.stop();
    await running.traps.stop();
    await running.scheduler.stop();
    await running.prober.close();
    await this.#watch.goOn();
  }

  notReady(): string | undefined {
    if (this.#running === undefined) return 'it does not watch';
    return this.#watch.storeFailed ? 'the store does not keep the health of access points' : undefined;
  }

  /** The configuration was exchanged. */
  #follow(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#schedule(running);
    this.#watch.follow().catch((err) => this.#deps.log.error('configuration-not-followed', { err }));
  }

  #schedule({ scheduler, traps, visitors }: Running): void {
    const { config, clock } = this.#deps;
    const periodMs = config.current.controller.pollSeconds * SECOND;
    scheduler.follow(
      config.current.accessPoints.map(({ id }) => id),
      periodMs,
    );
    visitors.follow();
    const { accessPoints, controller } = config.current;
    // Names are looked up meanwhile; until then traps of the former configuration are taken.
    if (controller.traps !== undefined) void traps.follow(accessPoints, controller.snmp);
    this.#cancelWord();
    this.#cancelWord = clock.every(periodMs, () => void this.#watch.goOn());
  }

  async #poll(ap: ApId, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const watched = this.#watch.get(ap);
    if (this.#running === undefined || watched === undefined) return;
    const { prober, metrics } = this.#running;
    const at = clock.now();
    const began = clock.monotonic();
    try {
      const result = await prober.probe(watched.config, signal);
      if (signal.aborted) return;
      const outcome = result.answered ? 'answered' : result.reason;
      metrics.poll(protocolOf(watched.config), outcome, (clock.monotonic() - began) / SECOND);
      await this.#watch.record(ap, result, at);
    } catch (err) {
      if (!signal.aborted) log.error('poll-failed', { ap, err });
    }
  }
}
