import { spawn } from 'node:child_process';
import { findProgram, type Program } from './packages';

/** A Debian program that runs beside the test. */
export interface Running {
  /** Everything it printed so far. */
  output(): string;
  /** Throws what it printed if it has ended. */
  assertRunning(): void;
  /** Ends it with a signal and waits; harmless when it has ended already. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program that ends at the latest with this process, even when that is killed. */
export function startProgram(program: Program, args: readonly string[], env: Record<string, string> = {}): Running {
  const file = findProgram(program);
  if (file === undefined) throw new Error(`there is no ${program} on this machine`);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', file, ...args], { env: { ...process.env, ...env } });
  let output = '';
  const collect = (data: Buffer): void => {
    output += data.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  let running = true;
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      running = false;
      resolve();
    });
  });
  return {
    output: () => output,
    assertRunning() {
      if (!running) throw new Error(`${program} has ended: ${output}`);
    },
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
    },
  };
}
