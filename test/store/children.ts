import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** What node needs to run a task of child.ts. */
export function childArguments(task: string, folder: string, number = 0): string[] {
  return ['--require', join(__dirname, 'typescript.cjs'), join(__dirname, 'child.ts'), task, folder, String(number)];
}

export interface Child {
  /** Resolves once it has said this. */
  said(text: string): Promise<void>;
  /** Ends it as a power cut would, and waits. */
  kill(): Promise<void>;
  /** Resolves with its complete lines when it has ended. */
  ended(): Promise<string[]>;
}

const running = new Set<ChildProcess>();
// A test that failed leaves its children behind, and Jest waits for them.
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs a task of child.ts on a store in a folder; it ends with the test at the latest. */
export function startChild(task: string, folder: string, number = 0): Child {
  const child = spawn(process.execPath, childArguments(task, folder, number), { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    for (const listener of listeners) listener();
  });
  running.add(child);
  const closed = new Promise<void>((resolve) =>
    child.once('close', () => {
      running.delete(child);
      resolve();
    }),
  );
  return {
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (output.includes(text)) resolve();
        };
        listeners.add(look);
        look();
        closed.then(() => reject(new Error(`it ended without saying ${text}: ${output}`)));
      }),
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
    ended: async () => {
      await closed;
      return output.split('\n').slice(0, -1);
    },
  };
}
