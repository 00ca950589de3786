import { Counter } from 'prom-client';
import { TRAP, type TrapResult } from '../core/reasons';
import { PREFIX, type Registry } from '../runtime/metrics';

/** Counts the traps that came. */
export function trapMetrics(registry: Registry): (result: TrapResult) => void {
  const traps = new Counter({
    name: `${PREFIX}snmp_traps_total`,
    help: 'SNMP traps that came, by what became of them.',
    labelNames: ['result'],
    registers: [registry],
  });
  for (const result of Object.keys(TRAP)) traps.inc({ result }, 0);
  return (result) => traps.inc({ result });
}
