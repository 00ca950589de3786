import type { Log } from './log';

/** A part of the product that serves: portal, radius, controller, ops server, demo. Its constructor does nothing. */
export interface Role {
  readonly name: string;
  /** Resolves when it serves. Rejects with an OperatorError if it cannot. */
  start(): Promise<void>;
  /** Stops listening, finishes what it has begun, and resolves. Harmless when it never started. */
  stop(): Promise<void>;
  /** Why it cannot serve just now, as a sentence; undefined when it can. */
  notReady(): string | undefined;
}

/** Starts roles one after the other; if one fails, those already running are stopped again and the error is passed on. */
export async function startRoles(roles: readonly Role[], log: Log): Promise<void> {
  const started: Role[] = [];
  try {
    for (const role of roles) {
      started.push(role);
      await role.start();
      log.debug('role-started', { role: role.name });
    }
  } catch (error) {
    await stopRoles(started, log);
    throw error;
  }
}

/** Stops roles in the reverse order of their start. One that fails to stop does not keep the others running. */
export async function stopRoles(roles: readonly Role[], log: Log): Promise<void> {
  for (const role of roles.toReversed()) {
    try {
      await role.stop();
    } catch (error) {
      log.error('role-stop-failed', { role: role.name, err: error });
    }
  }
}
