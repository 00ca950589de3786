import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { packageRoot } from '../../runtime/package-root';
import type { Form } from './compiled';
import { pinnedToServerCore } from './pin';

/** A process of this folder on the servers' core, which first tells what it has opened. */
export class Child<Hello> {
  readonly #process: ChildProcess;
  readonly hello: Hello;

  private constructor(process: ChildProcess, hello: Hello) {
    this.#process = process;
    this.hello = hello;
  }

  static async start<Hello>(form: Form, script: string, ...more: string[]): Promise<Child<Hello>> {
    const args = ['--expose-gc', ...form.argumentsFor(`bench/radius/${script}`), ...more];
    const [command, all] = pinnedToServerCore(process.execPath, args);
    const child = spawn(command, all, { cwd: packageRoot, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    return new Child(child, await message<Hello>(child));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Sends something and waits for what comes back. */
  ask<Answer>(question: number): Promise<Answer> {
    this.#process.send(question);
    return message<Answer>(this.#process);
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }
}

/** The next message of a child; rejects if it ends instead. */
async function message<T>(from: ChildProcess): Promise<T> {
  const waiting = new AbortController();
  const ended = once(from, 'exit', waiting).then(([code]) => {
    throw new Error(`a server of the bench ended with ${code}`);
  });
  try {
    const [value] = await Promise.race([once(from, 'message', waiting), ended]);
    return value;
  } finally {
    ended.catch(() => {});
    waiting.abort();
  }
}
