import { formatMistake, loadConfig } from '../config/load';
import { restartOnly } from '../config/reload';
import type { Config } from '../config/schema';
import { warningsIn } from '../config/warnings';
import { ControllerRole } from '../controller/role';
import { DemoTown } from '../demo/town';
import { PortalRole } from '../portal/role';
import { RadiusRole } from '../radius/role';
import { adminToken } from '../runtime/admin';
import { systemClock } from '../runtime/clock';
import { growThriftily, LARGE_TOWN } from '../runtime/heap';
import { keepMemory } from '../runtime/keep-memory';
import { where } from '../runtime/listen';
import { LiveValue } from '../runtime/live';
import { createLog, type Log } from '../runtime/log';
import { createMetrics } from '../runtime/metrics';
import { metricsPage } from '../runtime/ops-page';
import { OpsServer } from '../runtime/ops-server';
import { systemRandom } from '../runtime/random';
import { type Role, startRoles, stopRoles } from '../runtime/role';
import { Housekeeping } from '../store/housekeeping';
import { openStore } from '../store/open';
import { auditGauges, SelfAudit } from '../store/self-audit';
import { END_SESSIONS, endSessions, REFRESH_SESSIONS, refreshSessions } from './end-sessions';
import { examSwitch } from './exam-switch';
import { feedbackDesk } from './feedback-desk';
import { maintenanceDesk } from './maintenance-desk';
import { reloadMetric } from './reload-metric';

/**
 * Runs the product until SIGTERM or SIGINT.
 * @returns 0 after an orderly stop, 2 if the configuration has mistakes
 * @throws OperatorError if something cannot be opened
 */
export async function start(file: string): Promise<number> {
  // To read a large configuration takes hundreds of megabytes for a moment.
  growThriftily(true);
  const loaded = loadConfig(file, systemClock.now());
  if (!loaded.ok) {
    process.stderr.write(loaded.mistakes.map((mistake) => `${formatMistake(file, mistake)}\n`).join(''));
    process.stderr.write(`stadtfunk: not started, because ${file} has mistakes; see above.\n`);
    return 2;
  }
  growThriftily(loaded.config.accessPoints.length >= LARGE_TOWN);
  const config = new LiveValue(loaded.config);
  const log = createLog(config.current.log.level);
  keepMemory(log);
  exitOnFaults(log);
  for (const warning of warningsIn(config.current))
    log.warn('config-warning', { where: warning.path, message: warning.message });

  const store = await openStore(config.current, systemRandom, (message) => log.warn('store-warning', { message }));
  const registry = createMetrics();
  const shared = { config, store, clock: systemClock, random: systemRandom, log, registry };
  const audit = new SelfAudit(store, () => config.current.town.timeZone, log);
  auditGauges(registry, () => store.lastAudit());
  const radius = new RadiusRole(shared);
  const portal = new PortalRole(shared);
  const controller = new ControllerRole(shared);
  const roles: Role[] = [
    new Housekeeping(store, systemClock, log, audit.look),
    radius,
    controller,
    portal,
    ...(config.current.demo ? [new DemoTown(shared)] : []),
  ];
  const admin = {
    token: adminToken(config.current.key.reveal()),
    commands: new Map([
      [END_SESSIONS, endSessions({ store, clock: systemClock, log })],
      [REFRESH_SESSIONS, refreshSessions({ config, store, clock: systemClock, log })],
      ...examSwitch({ store, clock: systemClock, log }),
      ...feedbackDesk({ store, clock: systemClock, log }),
      ...maintenanceDesk({ store, clock: systemClock, random: systemRandom, log }),
    ]),
  };
  const pages = new Map([
    ['/metrics', metricsPage(registry, controller.pages.sites)],
    ['/metrics/aps', controller.pages.aps],
    ['/sd/aps', controller.pages.discovery],
  ]);
  const ops = new OpsServer(config.current.ops.listen, pages, () => roles, admin);
  const all = [ops, ...roles];
  try {
    await startRoles(all, log);
  } catch (error) {
    await store.close();
    throw error;
  }
  announce(config.current, { portal, radius, ops }, log);
  reloadOnHangup(file, config, log, reloadMetric(registry, systemClock));

  log.info('stopping', { reason: await stopSignal() });
  ops.announceStop();
  await stopRoles(all, log);
  await store.close();
  log.info('stopped');
  return 0;
}

/** Says where everything is. The demo says it to a person, too. */
function announce(
  config: Config,
  { portal, radius, ops }: { portal: PortalRole; radius: RadiusRole; ops: OpsServer },
  log: Log,
): void {
  const metrics = `http://${config.ops.listen.host}:${ops.port}/metrics`;
  const radiusPorts = `${radius.authenticationPort},${radius.accountingPort}`;
  log.info('listening', { role: 'portal', where: portalAt(config, portal.port) });
  log.info('listening', { role: 'radius', where: `udp://${config.radius.host}:${radiusPorts}` });
  if (radius.radsecPort !== 0) {
    log.info('listening', { role: 'radius', where: `tls://${config.radius.radsec?.host}:${radius.radsecPort}` });
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

/** A fault that nobody foresaw ends the process: the supervisor starts it again, and nothing acknowledged is lost. */
function exitOnFaults(log: Log): void {
  const exit = (err: unknown): void => {
    log.error('fault', { err });
    process.exit(1);
  };
  process.on('uncaughtException', exit);
  process.on('unhandledRejection', exit);
}

/** Resolves at the first SIGTERM or SIGINT. A second one exits at once with 1. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let stopping = false;
    const onSignal = (signal: string): void => {
      if (stopping) process.exit(1);
      stopping = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** SIGHUP reads the configuration again. One with mistakes is refused, and the last good one goes on. */
function reloadOnHangup(file: string, config: LiveValue<Config>, log: Log, reloaded: (ok: boolean) => void): void {
  process.on('SIGHUP', () => {
    try {
      const loaded = loadConfig(file, systemClock.now());
      reloaded(loaded.ok);
      if (!loaded.ok) {
        for (const mistake of loaded.mistakes) log.error('reload-refused', { message: formatMistake(file, mistake) });
        return;
      }
      for (const key of restartOnly(config.current, loaded.config)) log.warn('reload-needs-restart', { where: key });
      config.exchange(loaded.config);
      log.info('reloaded');
    } catch (error) {
      reloaded(false);
      log.error('reload-refused', { message: String(error) });
    }
  });
}
