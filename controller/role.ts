import type { Config } from '../config/schema';
import type { ApId } from '../core/ids';
import { SECOND } from '../core/time';
import type { Cancel, Clock } from '../runtime/clock';
import type { Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import type { Registry } from '../runtime/metrics';
import type { Role } from '../runtime/role';
import type { HealthStore } from '../store/store';
import { type ControllerMetrics, controllerMetrics } from './metrics';
import { type ControllerPages, controllerPages } from './pages';
import { type OpenProber, openProber } from './probe';
import type { Prober } from './probe/probe';
import { Scheduler } from './scheduler';
import { Watch } from './watch';

export interface ControllerDependencies {
  readonly config: Live<Config>;
  readonly store: HealthStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  /** How access points are asked; a test may be less patient than life. */
  readonly openProber?: OpenProber;
}

interface Running {
  readonly prober: Prober;
  readonly scheduler: Scheduler;
  readonly metrics: ControllerMetrics;
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
    this.pages = controllerPages({ config, clock, accessPoints: () => this.#watch.all() });
  }

  async start(): Promise<void> {
    const { config, clock, registry } = this.#deps;
    await this.#watch.load();
    const scheduler = new Scheduler(clock, (ap, signal) => this.#poll(ap, signal));
    const metrics = controllerMetrics(registry, { overdue: () => scheduler.overdue() });
    const open = this.#deps.openProber ?? openProber;
    const prober = open({ clock, onIgnored: (reason) => metrics.ignored(reason) });
    this.#running = { prober, scheduler, metrics };
    config.onChange(() => this.#follow());
    this.#schedule(scheduler);
    scheduler.start();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    this.#cancelWord();
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
    this.#schedule(running.scheduler);
    this.#watch.follow().catch((err) => this.#deps.log.error('configuration-not-followed', { err }));
  }

  #schedule(scheduler: Scheduler): void {
    const { config, clock } = this.#deps;
    const periodMs = config.current.controller.pollSeconds * SECOND;
    scheduler.follow(
      config.current.accessPoints.map(({ id }) => id),
      periodMs,
    );
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
      metrics.poll(result.answered ? 'answered' : result.reason, (clock.monotonic() - began) / SECOND);
      await this.#watch.record(ap, result, at);
    } catch (err) {
      if (!signal.aborted) log.error('poll-failed', { ap, err });
    }
  }
}
