import { spawn } from 'node:child_process';
import { packageRoot } from '../../runtime/package-root';
import { findProgram, type Program } from './packages';

export interface RunningProcess {
  readonly pid: number;
  /** Everything it printed so far, to standard output and standard error. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Undefined while it runs; null if a signal ended it. */
  exitCode(): number | null | undefined;
  /** Sends a signal and waits for the end; the exit code, or null if the signal killed it. Harmless when it has ended. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts Node.js in the project's folder, as its users do.
 * @param prefix  what to put before the command, to run it in another place
 */
export function startProcess(args: readonly string[], prefix: readonly string[] = []): RunningProcess {
  return start([...prefix, process.execPath, ...args]);
}

/** Starts a Debian program beside the test. It ends at the latest with this process, even when that is killed. */
export function startProgram(
  program: Program,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningProcess {
  const file = findProgram(program);
  if (file === undefined) throw new Error(`there is no ${program} on this machine`);
  return startFile(file, args, environment);
}

/** The same for an executable file, such as a script of test/lab. */
export function startFile(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningProcess {
  return start(['setpriv', '--pdeathsig', 'KILL', '--', file, ...args], environment);
}

/** The same for whatever a place runs, such as a shell script on the access point of the lab. */
export function startIn(prefix: readonly string[], command: readonly string[]): RunningProcess {
  return start([...prefix, ...command]);
}

function start([command = '', ...args]: readonly string[], environment = {}): RunningProcess {
  const child = spawn(command, args, { cwd: packageRoot, env: { ...process.env, ...environment } });
  let output = '';
  const collect = (data: Buffer): void => {
    output += data.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    output: () => output,
    signal: (signal) => void child.kill(signal),
    exitCode: () => (hasEnded() ? child.exitCode : undefined),
    end: (signal) => {
      if (!hasEnded()) child.kill(signal);
      return ended;
    },
  };
}
