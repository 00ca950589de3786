import { type DestinationStream, pino } from 'pino';

/**
 * The fields a log line may have besides `time`, `level` and `event`. There is none for an address, a user name or a
 * credential, and nobody can add one by accident: the compiler refuses it.
 */
export interface LogFields {
  readonly role?: string;
  readonly site?: string;
  readonly nas?: string;
  readonly ap?: string;
  /** A session or grant id as we drew it; never what a gateway or a visitor sent. */
  readonly session?: string;
  readonly reason?: string;
  readonly durationSeconds?: number;
  readonly count?: number;
  /** An address or path of our own configuration. */
  readonly where?: string;
  /** A sentence for a person. */
  readonly message?: string;
  readonly err?: unknown;
}

/** `event` is a stable word with dashes, for example `outage-opened`; what varies goes into the fields. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  child(fields: LogFields): Log;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** JSON lines to standard output, or to `destination`. Times are RFC 3339 in UTC. */
export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return wrap(pino(options, destination ?? pino.destination({ dest: 1, sync: true })));
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (event, fields = {}) => logger.debug(fields, event),
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
    child: (fields) => wrap(logger.child(fields)),
  };
}

/** For tests and tools that have nothing to say. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
