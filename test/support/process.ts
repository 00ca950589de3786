import { spawn } from 'node:child_process';
import { packageRoot } from '../../runtime/package-root';

export interface RunningProcess {
  /** Everything it printed so far, to standard output and standard error. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Undefined while it runs; null if a signal ended it. */
  exitCode(): number | null | undefined;
  /** Sends a signal and waits for the end; the exit code, or null if the signal killed it. Harmless when it has ended. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts Node.js in the project's folder, as its users do. */
export function startProcess(args: readonly string[]): RunningProcess {
  const child = spawn(process.execPath, args, { cwd: packageRoot });
  let output = '';
  const collect = (data: Buffer): void => {
    output += data.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    output: () => output,
    signal: (signal) => void child.kill(signal),
    exitCode: () => (hasEnded() ? child.exitCode : undefined),
    end: (signal) => {
      if (!hasEnded()) child.kill(signal);
      return ended;
    },
  };
}
