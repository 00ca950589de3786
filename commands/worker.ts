import type { Config } from '../config/schema';
import { OperatorError } from '../core/errors';
import { SECOND } from '../core/time';
import { systemClock } from '../runtime/clock';
import type { LiveValue } from '../runtime/live';
import type { Log } from '../runtime/log';
import { createMetrics } from '../runtime/metrics';
import { systemRandom } from '../runtime/random';
import { type Role, startRoles, stopRoles } from '../runtime/role';
import { openStore } from '../store/open';
import { inOrder, makeRoles, portsOf, type RoleName, type Shared, type StartOptions } from './roles';
import { reload } from './signals';
import type { FromWorker, ToWorker } from './worker-words';

/** How often it says whether it can serve. */
const STATE_EVERY = 1 * SECOND;

/** What workers do; the rest is done once, by the process that started them. */
export const SHARED_ROLES: readonly RoleName[] = ['portal', 'radius'];

/**
 * One of several processes that share portal and RADIUS server, and their ports. It stops when the first process says so,
 * and ends at once if that is gone.
 * @returns 0 after an orderly stop, 1 if it could not start, which the first process was told
 */
export async function work(config: LiveValue<Config>, options: StartOptions, log: Log): Promise<number> {
  // Whoever stops the product by a signal may reach all its processes; the first one stops the others in order.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  const orders = hear();
  try {
    // The first process has told already what the store has to warn of.
    const store = await openStore(config.current, systemRandom);
    const registry = createMetrics();
    const shared: Shared = { config, store, clock: systemClock, random: systemRandom, log, registry };
    const own = makeRoles(new Set(SHARED_ROLES.filter((name) => options.roles.has(name))), shared);
    const roles = inOrder(own);
    await startRoles(roles, log).catch(async (error) => {
      await store.close();
      throw error;
    });
    tell({ kind: 'ready', ports: portsOf(own) });
    await served(orders, config, shared, roles, options.config);
    await stopRoles(roles, log);
    await store.close();
    return 0;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    tell({ kind: 'failed', code: error.code, what: error.message, remedy: error.remedy });
    return 1;
  }
}

interface Orders {
  /** Resolves when it is told to stop. */
  readonly stop: Promise<void>;
  /** Who answers; nothing is asked before it has said that it is ready. */
  answer: (asked: Exclude<ToWorker, { kind: 'stop' }>) => void;
}

/** Listens from the first moment on: what comes while nobody does is lost. */
function hear(): Orders {
  let stop = (): void => {};
  const orders: Orders = {
    stop: new Promise((resolve) => {
      stop = resolve;
    }),
    answer: () => {},
  };
  process.on('message', (asked: ToWorker) => (asked.kind === 'stop' ? stop() : orders.answer(asked)));
  return orders;
}

/** Does what it is told until it is told to stop. */
async function served(
  orders: Orders,
  config: LiveValue<Config>,
  { clock, log, registry }: Shared,
  roles: readonly Role[],
  file: string,
): Promise<void> {
  let told = '';
  const cancel = clock.every(STATE_EVERY, () => {
    const reasons = roles.flatMap((role) => {
      const reason = role.notReady();
      return reason === undefined ? [] : [`${role.name}: ${reason}`];
    });
    if (told === reasons.join()) return;
    told = reasons.join();
    tell({ kind: 'state', reasons });
  });
  orders.answer = async ({ kind, id }) => {
    if (kind === 'reload') tell({ kind: 'reloaded', id, ok: reload(file, config, log) });
    else tell({ kind: 'counted', id, counted: await registry.getMetricsAsJSON() });
  };
  await orders.stop;
  cancel();
}

function tell(word: FromWorker): void {
  if (process.connected) process.send?.(word);
}
