import { readFileSync, writeFileSync } from 'node:fs';
import type { Log } from './log';

/** Which memory of a process the kernel puts into its core dump, one bit each (core(5)); children inherit it. */
const COREDUMP_FILTER = '/proc/self/coredump_filter';
/** Options with which Node.js writes memory to a file, or shows it to a debugger. */
const TELLING = /^--(heapsnapshot-|heap-prof|report-|report$|inspect|abort-on-uncaught-exception|cpu-prof)/;

/**
 * Device addresses and keys are in memory for a moment: this keeps them from leaving it. A core dump of this process has no
 * memory in it, wherever dumps go; a SIGUSR1 opens no debugger. What would write memory all the same is said in the log.
 */
export function keepMemory(log: Log): void {
  process.on('SIGUSR1', () => log.warn('debugger-stays-shut'));
  if (process.platform === 'linux' && !emptyCoreDumps()) {
    log.warn('core-dumps-hold-memory', { message: 'Set LimitCORE=0 in the unit, or ulimit -c 0 before the start.' });
  }
  for (const option of tellingOptions(process.execArgv, process.env.NODE_OPTIONS)) {
    log.warn('memory-may-be-written', { reason: option, message: 'Start without this option of Node.js.' });
  }
}

/** False if the kernel would not have it. */
function emptyCoreDumps(): boolean {
  try {
    writeFileSync(COREDUMP_FILTER, '0');
    return Number.parseInt(readFileSync(COREDUMP_FILTER, 'utf8'), 16) === 0;
  } catch {
    return false;
  }
}

/** Those of the options given to Node.js by which memory leaves the process; without their values. */
export function tellingOptions(execArgv: readonly string[], nodeOptions = ''): readonly string[] {
  const given = [...execArgv, ...nodeOptions.split(/\s+/)].map((option) => option.replace(/=.*/s, ''));
  return given.filter((option) => TELLING.test(option));
}
