import { Counter, Gauge } from 'prom-client';
import type { GatewayId } from '../../core/ids';
import { type Millis, SECOND } from '../../core/time';
import { PREFIX, type Registry } from '../../runtime/metrics';
import { STEPS, type Walk } from './walk';

/** What the synthetic visitors met, by the gateway they walk through. */
export class VisitorMetrics {
  readonly #success: Gauge;
  readonly #walks: Counter;
  readonly #duration: Gauge;
  readonly #lastWalk: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#success = new Gauge({
      name: `${PREFIX}synthetic_success`,
      help: 'Whether the last walk of the synthetic visitor led online and back: 1 or 0.',
      labelNames: ['gateway'],
      registers,
    });
    this.#walks = new Counter({
      name: `${PREFIX}synthetic_walks_total`,
      help: 'Walks of the synthetic visitor: success, or the step at which they ended.',
      labelNames: ['gateway', 'result'],
      registers,
    });
    this.#duration = new Gauge({
      name: `${PREFIX}synthetic_step_duration_seconds`,
      help: 'How long each step of the last walk took. Steps that were not reached are absent.',
      labelNames: ['gateway', 'operation'],
      registers,
    });
    this.#lastWalk = new Gauge({
      name: `${PREFIX}synthetic_last_walk_timestamp_seconds`,
      help: 'When the last walk of the synthetic visitor ended.',
      labelNames: ['gateway'],
      registers,
    });
  }

  /** Shows the series of a gateway before the first walk ends. */
  expect(gateway: GatewayId): void {
    for (const result of ['success', ...Object.keys(STEPS)]) this.#walks.inc({ gateway, result }, 0);
  }

  walked(gateway: GatewayId, { steps, failed }: Walk, at: Millis): void {
    this.#success.set({ gateway }, failed === undefined ? 1 : 0);
    this.#walks.inc({ gateway, result: failed?.step ?? 'success' });
    this.#lastWalk.set({ gateway }, at / SECOND);
    for (const operation of Object.keys(STEPS)) this.#duration.remove({ gateway, operation });
    for (const { step, seconds } of steps) this.#duration.set({ gateway, operation: step }, seconds);
  }

  /** Nobody walks there any more. */
  forget(gateway: GatewayId): void {
    this.#success.remove({ gateway });
    this.#lastWalk.remove({ gateway });
    for (const operation of Object.keys(STEPS)) this.#duration.remove({ gateway, operation });
  }
}
