import { formatMistake, loadConfig } from '../config/load';
import { restartOnly } from '../config/reload';
import type { Config } from '../config/schema';
import { systemClock } from '../runtime/clock';
import { endNow } from '../runtime/end-now';
import type { LiveValue } from '../runtime/live';
import type { Log } from '../runtime/log';

/** A fault that nobody foresaw ends the process: the supervisor starts it again, and nothing acknowledged is lost. */
export function exitOnFaults(log: Log): void {
  const exit = (err: unknown): void => {
    log.error('fault', { err });
    endNow();
  };
  process.on('uncaughtException', exit);
  process.on('unhandledRejection', exit);
}

/** Resolves at the first SIGTERM or SIGINT. A second one ends the process at once. */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let stopping = false;
    const onSignal = (signal: string): void => {
      if (stopping) endNow();
      stopping = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/**
 * Reads the configuration again. One with mistakes is refused, and the last good one goes on.
 * @returns whether the one that was read is in use now
 */
export function reload(file: string, config: LiveValue<Config>, log: Log): boolean {
  try {
    const loaded = loadConfig(file, systemClock.now());
    if (!loaded.ok) {
      for (const mistake of loaded.mistakes) log.error('reload-refused', { message: formatMistake(file, mistake) });
      return false;
    }
    for (const key of restartOnly(config.current, loaded.config)) log.warn('reload-needs-restart', { where: key });
    config.exchange(loaded.config);
    log.info('reloaded');
    return true;
  } catch (error) {
    log.error('reload-refused', { message: String(error) });
    return false;
  }
}
