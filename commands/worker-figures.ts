import { AggregatorRegistry, Counter, Gauge } from 'prom-client';
import { PREFIX, type Registry } from '../runtime/metrics';
import type { Counted } from './worker-words';

/** How workers fare. */
export interface WorkerMetrics {
  died(): void;
}

export function workerMetrics(registry: Registry, count: () => { ready: number; starting: number }): WorkerMetrics {
  const registers = [registry];
  new Gauge({
    name: `${PREFIX}workers`,
    help: 'Processes that share portal and RADIUS server: those that serve, and those that are being started.',
    labelNames: ['state'],
    registers,
    collect() {
      const { ready, starting } = count();
      this.set({ state: 'ready' }, ready);
      this.set({ state: 'starting' }, starting);
    },
  });
  const deaths = new Counter({
    name: `${PREFIX}worker_deaths_total`,
    help: 'Workers that ended by themselves or were killed. Each is started again.',
    registers,
  });
  return { died: () => deaths.inc() };
}

/**
 * Adds up what workers counted. What a worker had counted stays when it is gone: otherwise the sums would fall, and
 * Prometheus would take that for a new beginning and count everything twice.
 */
export class Figures {
  readonly #last = new Map<number, Counted>();
  /** Of those that are gone; soon added up into one. */
  readonly #gone: Counted[] = [];

  /** What a worker has counted up to now. */
  keep(worker: number, counted: Counted): void {
    this.#last.set(worker, counted);
  }

  /** A worker is gone. */
  async settle(worker: number): Promise<void> {
    const last = this.#last.get(worker) ?? [];
    this.#last.delete(worker);
    // Gauges are about what is, and it is not any more.
    const lasting = last.filter(({ type }) => String(type) === 'counter' || String(type) === 'histogram');
    this.#gone.push(lasting);
    const all = [...this.#gone];
    const sum = await AggregatorRegistry.aggregate(all).getMetricsAsJSON();
    // Unless another has ended meanwhile and has done the same.
    if (all.every((counted, i) => counted === this.#gone[i])) this.#gone.splice(0, all.length, sum);
  }

  /** The page with everything, this process included. */
  async page(own: Registry): Promise<string> {
    const all = [await own.getMetricsAsJSON(), ...this.#last.values(), ...this.#gone];
    return AggregatorRegistry.aggregate(all).metrics();
  }
}
