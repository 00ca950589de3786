import type { Config } from '../config/schema';
import type { ApId } from '../core/ids';
import { type Millis, SECOND } from '../core/time';
import type { Cancel, Clock } from '../runtime/clock';
import type { Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import { Lookout } from '../runtime/lookout';
import type { Registry } from '../runtime/metrics';
import type { Random } from '../runtime/random';
import type { Role } from '../runtime/role';
import type { HealthStore, LeaseStore } from '../store/store';
import { type ControllerMetrics, controllerMetrics } from './metrics';
import { type ControllerPages, controllerPages } from './pages';
import { type OpenProber, openProber, protocolOf } from './probe';
import type { Prober } from './probe/probe';
import { Scheduler } from './scheduler';
import { Share } from './share';
import { trapMetrics } from './trap-metrics';
import { TrapListener } from './traps';
import { SyntheticVisitors } from './visitor/visitors';
import { Watch } from './watch';

export interface ControllerDependencies {
  readonly config: Live<Config>;
  readonly store: HealthStore & LeaseStore;
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
  readonly #share: Share;
  readonly #watch: Watch;
  readonly #claims = new Lookout(() => this.#claim());
  #running: Running | undefined;
  #cancelWord: Cancel = () => {};

  constructor(deps: ControllerDependencies) {
    this.#deps = deps;
    this.#share = new Share(deps);
    this.#watch = new Watch({ ...deps, share: this.#share });
    const { config, clock } = deps;
    this.pages = controllerPages({ config, clock, watched: this.#watch });
  }

  async start(): Promise<void> {
    const { config, clock, registry } = this.#deps;
    const { next } = await this.#share.claim(this.#periodMs, true, this.#letGo);
    this.#share.hold(next);
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
    const visitors = new SyntheticVisitors({ ...this.#deps, holds: (site) => this.#share.holds(site) });
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
    await this.#claims.stop();
    running.visitors.stop();
    await running.traps.stop();
    await running.scheduler.stop();
    await running.prober.close();
    await this.#watch.goOn();
    // Others need not wait until it is missed.
    await this.#share.giveUp().catch((err) => this.#watch.refused(err));
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
    // By the former period it may be believed for less long than the new one is.
    this.#claims.now();
    this.#watch.follow().catch((err) => this.#deps.log.error('configuration-not-followed', { err }));
  }

  #schedule({ scheduler, traps, visitors }: Running): void {
    const { config, clock } = this.#deps;
    void scheduler.follow(this.#own(), this.#periodMs);
    visitors.follow();
    const { accessPoints, controller } = config.current;
    // Names are looked up meanwhile; until then traps of the former configuration are taken.
    if (controller.traps !== undefined) void traps.follow(accessPoints, controller.snmp);
    this.#cancelWord();
    this.#cancelWord = clock.every(this.#periodMs, () => void this.#watch.goOn());
    this.#claims.start(clock, Share.every(this.#periodMs));
  }

  get #periodMs(): Millis {
    return this.#deps.config.current.controller.pollSeconds * SECOND;
  }

  /** What it has to poll. */
  #own(): ApId[] {
    const { accessPoints } = this.#deps.config.current;
    return accessPoints.filter(({ site }) => this.#share.holds(site)).map(({ id }) => id);
  }

  /** Claims its share of the town, and gives up what others shall have once nothing of it is under way any more. */
  async #claim(): Promise<void> {
    try {
      const { next, excess } = await this.#share.claim(this.#periodMs, this.#watch.isAble, this.#letGo);
      await this.#hold(next);
      if (excess.length > 0) await this.#share.giveUp(excess);
    } catch (err) {
      this.#watch.refused(err);
    }
  }

  async #hold(next: ReadonlySet<number>): Promise<void> {
    const { held } = this.#share;
    if (held.size === next.size && [...next].every((piece) => held.has(piece))) return;
    const kept = new Set([...held].filter((piece) => next.has(piece)));
    this.#share.hold(kept);
    await this.#running?.scheduler.follow(this.#own(), this.#periodMs);
    await this.#watch.letGo();
    if (!this.#share.isCertain) return;
    this.#share.hold(next);
    try {
      await this.#watch.takeUp();
    } catch (err) {
      this.#share.hold(kept);
      throw err;
    }
    await this.#running?.scheduler.follow(this.#own(), this.#periodMs);
    this.#deps.log.info('access-points-shared', { count: this.#own().length });
  }

  /** It could not claim in time, so others may have its access points now, or had them. */
  readonly #letGo = (): void => {
    this.#deps.log.error('access-points-let-go');
    this.#watch.drop();
    void this.#running?.scheduler.follow(this.#own(), this.#periodMs);
  };

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
