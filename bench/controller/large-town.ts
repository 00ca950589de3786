import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { packageRoot } from '../../runtime/package-root';
import { agentAddress, COMMUNITY, cpuMicrosOf } from './objects';

/** The built product, whole, with 40,000 access points that answer; the agents run in other processes on one core. */

export const ACCESS_POINTS = 40_000;
export const POLL_SECONDS = 60;
const SITES = 2_000;
/** A process may often have no more than some 20,000 open files, and each agent is a socket. */
const AGENT_PROCESSES = 4;
const START_MS = 120_000;

export interface LargeTown {
  /** From the start of the process until everything listens. */
  readonly startSeconds: number;
  /** Where Prometheus asks. */
  readonly opsUrl: string;
  cpuMicros(): number;
  residentBytes(): number;
  stop(): Promise<void>;
}

export async function startLargeTown(): Promise<LargeTown> {
  const folder = await mkdtemp(join(tmpdir(), 'stadtfunk-bench-large-'));
  const each = ACCESS_POINTS / AGENT_PROCESSES;
  const agents = Array.from({ length: AGENT_PROCESSES }, (_, i) =>
    fork(join(__dirname, 'agents.ts'), [i * each, each].map(String), {
      cwd: packageRoot,
      execArgv: ['-r', 'ts-node/register/transpile-only'],
    }),
  );
  let product: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    for (const agent of agents) if (agent.connected) agent.disconnect();
    if (product !== undefined && product.exitCode === null) {
      product.kill();
      await once(product, 'exit');
    }
    await rm(folder, { recursive: true });
  };
  try {
    const ports = (await Promise.all(agents.map(portsOf))).flat();
    await writeFile(join(folder, 'town.yaml'), stringify(townOf(folder, ports)), { mode: 0o600 });
    const began = performance.now();
    const args = [join(packageRoot, 'dist', 'main.js'), 'start', '--config', join(folder, 'town.yaml')];
    product = spawn(process.execPath, args, { cwd: packageRoot, stdio: ['ignore', 'pipe', 'inherit'] });
    const opsUrl = await started(product);
    const pid = product.pid ?? 0;
    return {
      startSeconds: (performance.now() - began) / 1000,
      opsUrl,
      cpuMicros: () => cpuMicrosOf(pid),
      residentBytes: () => residentBytesOf(pid),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function portsOf(agents: ChildProcess): Promise<number[]> {
  const ended = once(agents, 'exit').then(() => {
    throw new Error('the agents of the bench ended: is the number of open files limited (ulimit -n)?');
  });
  const [ports]: unknown[] = await Promise.race([once(agents, 'message'), ended]);
  return Array.isArray(ports) ? ports.map(Number) : [];
}

function townOf(folder: string, ports: readonly number[]): unknown {
  const anyPort = { host: '127.0.0.1', port: 0 };
  return {
    town: { name: 'Messstadt', contact: { email: 'wlan@messstadt.example', phone: '02374 1234-0' } },
    key: 'kT3mQ9vX2bL7cN5zR8wY1pF6hJ4gD0sA',
    portal: { url: 'http://127.0.0.1', listen: anyPort },
    radius: { host: '127.0.0.1', authenticationPort: 0, accountingPort: 0 },
    ops: { listen: anyPort },
    store: { path: join(folder, 'data') },
    controller: { pollSeconds: POLL_SECONDS, snmp: { version: 'v2c', community: COMMUNITY } },
    sites: Array.from({ length: SITES }, (_, i) => ({ id: `site-${i}`, name: `Standort ${i}`, kind: 'square' })),
    accessPoints: Array.from({ length: ACCESS_POINTS }, (_, i) => ({
      id: `ap-${i}`,
      name: `Standort ${i % SITES}, Dach ${i}`,
      site: `site-${i % SITES}`,
      host: agentAddress(i),
      port: ports[i],
    })),
  };
}

/** The product says in its log where it listens. */
async function started(product: ChildProcess): Promise<string> {
  if (product.stdout === null) throw new Error('the product has no output');
  const patience = setTimeout(() => product.kill(), START_MS);
  // It goes on being read: a full pipe would hold the product up.
  const lines = createInterface(product.stdout);
  const url = await new Promise<string>((resolve, reject) => {
    product.once('exit', (code) => reject(new Error(`the product ended with ${code}`)));
    lines.on('line', (line) => {
      const entry: { event?: string; role?: string; where?: string } = JSON.parse(line);
      if (entry.event === 'listening' && entry.role === 'ops') resolve(entry.where ?? '');
    });
  });
  clearTimeout(patience);
  return new URL('/', url).href;
}

/** What of a process lies in memory, from Linux: its heap, its code, and pages of the store's file. */
function residentBytesOf(pid: number): number {
  const [, kibibytes = 'NaN'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
