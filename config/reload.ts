import type { Config } from './schema';

/** What is opened or derived once, at the start. Every other key takes effect on SIGHUP. */
const FIXED_AT_START: Readonly<Record<string, (config: Config) => unknown>> = {
  demo: (config) => config.demo,
  // The store derives its keys from both when it is opened.
  key: (config) => config.key.reveal(),
  'town.timeZone': (config) => config.town.timeZone,
  'portal.listen.host': (config) => config.portal.listen.host,
  'portal.listen.port': (config) => config.portal.listen.port,
  'portal.probes.host': (config) => config.portal.probes?.host,
  'portal.probes.port': (config) => config.portal.probes?.port,
  'portal.tls': (config) => config.portal.tls !== undefined,
  'portal.limits.connections': (config) => config.portal.limits.connections,
  'portal.limits.connectionsPerSource': (config) => config.portal.limits.connectionsPerSource,
  // Express is told once.
  'portal.trustProxy': (config) => config.portal.trustProxy,
  'radius.host': (config) => config.radius.host,
  'radius.authenticationPort': (config) => config.radius.authenticationPort,
  'radius.accountingPort': (config) => config.radius.accountingPort,
  'radius.radsec.host': (config) => config.radius.radsec?.host,
  'radius.radsec.port': (config) => config.radius.radsec?.port,
  'controller.traps.host': (config) => config.controller.traps?.host,
  'controller.traps.port': (config) => config.controller.traps?.port,
  'ops.listen.host': (config) => config.ops.listen.host,
  'ops.listen.port': (config) => config.ops.listen.port,
  'store.kind': (config) => config.store.kind,
  'store.path': (config) => config.store.path,
  'store.redis': ({ store: { redis } }) =>
    [JSON.stringify(redis), redis?.password?.reveal(), redis?.sentinelPassword?.reveal()].join(),
  'log.level': (config) => config.log.level,
};

/** The changed keys that take effect only after a restart, as paths; empty if the reload changes everything at once. */
export function restartOnly(before: Config, after: Config): string[] {
  return Object.entries(FIXED_AT_START)
    .filter(([, valueIn]) => valueIn(before) !== valueIn(after))
    .map(([path]) => path);
}

/** The keys that take effect only after a restart. */
export const RESTART_ONLY_KEYS: readonly string[] = Object.keys(FIXED_AT_START);
