import cluster from 'node:cluster';
import { formatMistake, loadConfig } from '../config/load';
import type { Config } from '../config/schema';
import { warningsIn } from '../config/warnings';
import { DemoTown } from '../demo/town';
import { adminToken } from '../runtime/admin';
import { systemClock } from '../runtime/clock';
import { growHeap, LARGE_TOWN } from '../runtime/heap';
import { keepMemory } from '../runtime/keep-memory';
import { where } from '../runtime/listen';
import { LiveValue } from '../runtime/live';
import { createLog, type Log } from '../runtime/log';
import { createMetrics } from '../runtime/metrics';
import { metricsPage } from '../runtime/ops-page';
import { OpsServer } from '../runtime/ops-server';
import { systemRandom } from '../runtime/random';
import { type Role, startRoles, stopRoles } from '../runtime/role';
import { clockGauge, Housekeeping, readyGauge } from '../store/housekeeping';
import { openStore } from '../store/open';
import { auditGauges, SelfAudit } from '../store/self-audit';
import { END_SESSIONS, endSessions, REFRESH_SESSIONS, refreshSessions } from './end-sessions';
import { examSwitch } from './exam-switch';
import { feedbackDesk } from './feedback-desk';
import { maintenanceDesk } from './maintenance-desk';
import { reloadMetric } from './reload-metric';
import {
  checkSplit,
  inOrder,
  makeRoles,
  type OwnRoles,
  portsOf,
  type RoleName,
  type Shared,
  type StartOptions,
} from './roles';
import { exitOnFaults, reload, stopSignal } from './signals';
import { SHARED_ROLES, work } from './worker';
import type { WorkerPorts } from './worker-words';
import { Workers } from './workers';

/**
 * Runs the product, or the roles of it that are asked for, until SIGTERM or SIGINT.
 * @returns 0 after an orderly stop, 2 if the configuration has mistakes
 * @throws OperatorError if something cannot be opened, or what is asked for cannot work
 */
export async function start(options: StartOptions): Promise<number> {
  try {
    return await run(options);
  } finally {
    // However a worker ends, its channel to the first process must not keep it. What it told is on its way before this.
    if (options.workers !== undefined) cluster.worker?.disconnect();
  }
}

async function run(options: StartOptions): Promise<number> {
  const config = readConfig(options.config);
  if (config === undefined) return 2;
  checkSplit(config.current, options);
  const log = createLog(config.current.log.level);
  keepMemory(log);
  exitOnFaults(log);
  if (options.workers !== undefined && cluster.isWorker) return work(config, options, log);
  for (const warning of warningsIn(config.current))
    log.warn('config-warning', { where: warning.path, message: warning.message });

  const store = await openStore(config.current, systemRandom, (message) => log.warn('store-warning', { message }));
  const registry = createMetrics();
  const shared: Shared = { config, store, clock: systemClock, random: systemRandom, log, registry };
  const audit = new SelfAudit(store, () => config.current.town.timeZone, log);
  auditGauges(registry, () => store.lastAudit());
  const own = makeRoles(ownRoles(options), shared);
  const [workers, ...crashLoop] = makeWorkers(options, shared);
  const housekeeping = new Housekeeping(store, systemClock, log, audit.look);
  readyGauge(registry, housekeeping);
  clockGauge(registry, housekeeping);
  const roles: Role[] = [
    housekeeping,
    ...inOrder(own),
    ...(workers === undefined ? [] : [workers]),
    ...(config.current.demo ? [new DemoTown(shared)] : []),
  ];
  const ops = opsServer(shared, own, workers, roles, options);
  const all = [ops, ...roles];
  try {
    await startRoles(all, log);
  } catch (error) {
    await store.close();
    throw error;
  }
  announce(config.current, workers?.ports ?? portsOf(own), ops, log);
  const reloaded = reloadMetric(registry, systemClock);
  const readAgain = async () => reload(options.config, config, log) && (await workers?.reload()) !== false;
  process.on('SIGHUP', () => reloaded(readAgain()));

  const reason = await Promise.race([stopSignal(), ...crashLoop]);
  log.info('stopping', { reason });
  ops.announceStop();
  await stopRoles(all, log);
  await store.close();
  log.info('stopped');
  return reason === CRASH_LOOP ? 1 : 0;
}

/** Workers have the others. */
function ownRoles({ roles, workers }: StartOptions): ReadonlySet<RoleName> {
  return workers === undefined ? roles : new Set([...roles].filter((role) => !SHARED_ROLES.includes(role)));
}

const CRASH_LOOP = 'crash-loop';

/** @returns the workers, and what resolves when they die again and again */
function makeWorkers(
  { workers: count }: StartOptions,
  { clock, log, registry }: Shared,
): [] | [Workers, Promise<string>] {
  if (count === undefined) return [];
  let crashed = (_: string): void => {};
  const crashLoop = new Promise<string>((resolve) => {
    crashed = resolve;
  });
  const onCrashLoop = (): void => {
    log.error('workers-crash-loop', { message: 'Workers die as soon as they are started; see the log above.' });
    crashed(CRASH_LOOP);
  };
  return [new Workers({ count, clock, log, registry, onCrashLoop }), crashLoop];
}

/** Undefined if it has mistakes, which are told then. */
function readConfig(file: string): LiveValue<Config> | undefined {
  // To read a large configuration takes hundreds of megabytes for a moment.
  growHeap('thriftily');
  const loaded = loadConfig(file, systemClock.now());
  if (!loaded.ok) {
    process.stderr.write(loaded.mistakes.map((mistake) => `${formatMistake(file, mistake)}\n`).join(''));
    process.stderr.write(`stadtfunk: not started, because ${file} has mistakes; see above.\n`);
    return undefined;
  }
  growHeap(loaded.config.accessPoints.length >= LARGE_TOWN ? 'thriftily' : 'freely');
  return new LiveValue(loaded.config);
}

function opsServer(
  shared: Shared,
  { controller }: OwnRoles,
  workers: Workers | undefined,
  roles: readonly Role[],
  { ops }: StartOptions,
): OpsServer {
  const { config, store, clock, random, log, registry } = shared;
  const admin = {
    token: adminToken(config.current.key.reveal()),
    commands: new Map([
      [END_SESSIONS, endSessions({ store, clock, log })],
      [REFRESH_SESSIONS, refreshSessions({ config, store, clock, log })],
      ...examSwitch({ store, clock, log }),
      ...feedbackDesk({ store, clock, log }),
      ...maintenanceDesk({ store, clock, random, log }),
    ]),
  };
  const pages = new Map([
    ['/metrics', metricsPage(workers ?? registry, controller?.pages.sites)],
    ...(controller === undefined
      ? []
      : ([
          ['/metrics/aps', controller.pages.aps],
          ['/sd/aps', controller.pages.discovery],
        ] as const)),
  ]);
  return new OpsServer(ops ?? config.current.ops.listen, pages, () => roles, admin);
}

/** Says where everything is. The demo says it to a person, too. */
function announce(config: Config, { portal, radius }: WorkerPorts, ops: OpsServer, log: Log): void {
  const metrics = `http://${where({ host: ops.host, port: ops.port })}/metrics`;
  if (portal !== undefined) log.info('listening', { role: 'portal', where: portalAt(config, portal) });
  if (radius !== undefined) {
    const ports = `${radius.authentication},${radius.accounting}`;
    log.info('listening', { role: 'radius', where: `udp://${config.radius.host}:${ports}` });
    if (radius.radsec !== 0) {
      log.info('listening', { role: 'radius', where: `tls://${config.radius.radsec?.host}:${radius.radsec}` });
    }
  }
  log.info('listening', { role: 'ops', where: metrics });
  log.info('started', { message: `${config.town.name}: visitors reach the portal at ${config.portal.url}` });
  if (!config.demo) return;
  process.stderr.write(
    [
      '',
      `  This is the demo town ${config.town.name}: gateways, access points and visitors are simulated.`,
      `  Start here:  ${config.portal.url}/`,
      `  Metrics:     ${metrics}`,
      '  Your town:   npx stadtfunk init   then   npm start -- --config town.yaml',
      '  Stop with Ctrl+C.',
      '',
      '',
    ].join('\n'),
  );
}

/** Where the portal listens, as an address. */
function portalAt({ portal: { tls, listen } }: Config, port: number): string {
  return `${tls === undefined ? 'http' : 'https'}://${where({ host: listen.host, port })}/`;
}
