import { join } from 'node:path';
import { freeTcpPort } from '../support/ports';
import { type RunningProcess, startProcess } from '../support/process';
import type { Product } from '../support/product';
import { until } from '../support/wait';

/** A process that has one role of a town. */
export interface RoleProcess {
  readonly role: string;
  /** The one that runs now, or ran last. */
  running(): RunningProcess;
  /** Starts it, again if it has ended, and waits until it is ready. */
  start(): Promise<void>;
}

export async function startRole(product: Product, role: string): Promise<RoleProcess> {
  const ops = `127.0.0.1:${await freeTcpPort()}`;
  const launch = () =>
    startProcess(['dist/main.js', '-c', join(product.folder, 'town.yaml'), '--roles', role, '--ops', ops]);
  const isReady = () =>
    fetch(`http://${ops}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  let running = launch();
  const untilReady = () => until(`the process with the role ${role} is ready`, isReady, 60_000);
  await untilReady();
  return {
    role,
    running: () => running,
    async start() {
      running = launch();
      await untilReady();
    },
  };
}
