import { Gauge } from 'prom-client';
import { SECOND } from '../core/time';
import type { Clock } from '../runtime/clock';
import { PREFIX, type Registry } from '../runtime/metrics';

/**
 * Shows in metrics whether the last reading of the configuration succeeded, and when one last did.
 * @returns what is told of each; one that takes longer than a later one is not the last any more
 */
export function reloadMetric(registry: Registry, clock: Clock): (reading: Promise<boolean>) => Promise<void> {
  const successful = new Gauge({
    name: `${PREFIX}config_last_reload_successful`,
    help: 'Whether the configuration was good when it was last read: 1 yes, 0 no, and the one before is still in use.',
    registers: [registry],
  });
  const time = new Gauge({
    name: `${PREFIX}config_last_reload_success_timestamp_seconds`,
    help: 'When the configuration in use was read.',
    registers: [registry],
  });
  const record = (ok: boolean): void => {
    successful.set(ok ? 1 : 0);
    if (ok) time.set(clock.now() / SECOND);
  };
  record(true);
  let last: Promise<boolean> | undefined;
  return async (reading) => {
    last = reading;
    const ok = await reading;
    if (reading === last) record(ok);
  };
}
