import { InvalidArgumentError } from 'commander';
import type { Config } from '../config/schema';
import { ControllerRole } from '../controller/role';
import { OperatorError } from '../core/errors';
import { PortalRole } from '../portal/role';
import { RadiusRole } from '../radius/role';
import type { Clock } from '../runtime/clock';
import type { Listen } from '../runtime/listen';
import type { Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import type { Registry } from '../runtime/metrics';
import type { Random } from '../runtime/random';
import type { Role } from '../runtime/role';
import type { Store } from '../store/store';
import type { WorkerPorts } from './worker-words';

export const ROLE_NAMES = ['portal', 'radius', 'controller'] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

/** What `stadtfunk start` was told besides the configuration. */
export interface StartOptions {
  readonly config: string;
  readonly roles: ReadonlySet<RoleName>;
  /** How many processes share portal and RADIUS server; undefined: this one does everything. */
  readonly workers?: number;
  /** In place of `ops.listen`, for a second process on one machine. */
  readonly ops?: Listen;
}

export const ALL_ROLES: ReadonlySet<RoleName> = new Set(ROLE_NAMES);

/** `portal,radius` */
export function readRoles(text: string): ReadonlySet<RoleName> {
  const words = text.split(',').map((word) => word.trim());
  const roles = words.map((word) => ROLE_NAMES.find((name) => name === word));
  const unknown = words.find((_, i) => roles[i] === undefined);
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`There is no role "${unknown}"; the roles are ${ROLE_NAMES.join(', ')}.`);
  }
  return new Set(roles.filter((role) => role !== undefined));
}

const MOST_WORKERS = 64;

export function readWorkers(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > MOST_WORKERS) {
    throw new InvalidArgumentError(`It is a whole number from 1 to ${MOST_WORKERS}.`);
  }
  return count;
}

/** `127.0.0.1:9181`, `[::1]:9181` */
export function readAddress(text: string): Listen {
  const [, ipv6, name, digits] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  if (host === undefined || port > 65_535) throw new InvalidArgumentError('It is like 127.0.0.1:9181.');
  return { host, port };
}

/**
 * Refuses what cannot work.
 * @throws OperatorError CONFIG_STORE_SPLIT, CONFIG_DEMO_SPLIT or CONFIG_WORKERS
 */
export function checkSplit({ store, demo }: Config, { roles, workers }: StartOptions): void {
  const isSplit = workers !== undefined || roles.size < ROLE_NAMES.length;
  if (isSplit && store.kind !== 'redis') {
    throw new OperatorError(
      'CONFIG_STORE_SPLIT',
      'The embedded store serves one process with all roles.',
      'Set store.kind: redis, or start without --roles and --workers.',
    );
  }
  if (isSplit && demo) {
    throw new OperatorError(
      'CONFIG_DEMO_SPLIT',
      'The demo town runs in one process with all roles.',
      'Start without --roles and --workers, or with the configuration of a town.',
    );
  }
  if (workers !== undefined && !roles.has('portal') && !roles.has('radius')) {
    throw new OperatorError(
      'CONFIG_WORKERS',
      'Workers share portal and RADIUS server, and neither is among --roles.',
      'Start without --workers, or with one of these roles.',
    );
  }
}

/** What every role is made from. */
export interface Shared {
  readonly config: Live<Config>;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: Registry;
}

/** The roles of this process. */
export interface OwnRoles {
  readonly portal?: PortalRole;
  readonly radius?: RadiusRole;
  readonly controller?: ControllerRole;
}

export function makeRoles(names: ReadonlySet<RoleName>, shared: Shared): OwnRoles {
  return {
    ...(names.has('radius') && { radius: new RadiusRole(shared) }),
    ...(names.has('controller') && { controller: new ControllerRole(shared) }),
    ...(names.has('portal') && { portal: new PortalRole(shared) }),
  };
}

/** In the order in which they start. */
export function inOrder({ radius, controller, portal }: OwnRoles): Role[] {
  return [radius, controller, portal].filter((role) => role !== undefined);
}

/** Where they listen, once started. */
export function portsOf({ portal, radius }: OwnRoles): WorkerPorts {
  return {
    ...(portal !== undefined && { portal: portal.port }),
    ...(radius !== undefined && {
      radius: {
        authentication: radius.authenticationPort,
        accounting: radius.accountingPort,
        radsec: radius.radsecPort,
      },
    }),
  };
}
