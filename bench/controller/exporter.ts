import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuMicrosOf, exporterConfiguration } from './objects';

const PROGRAM = 'prometheus-snmp-exporter';

/** Debian's prometheus-snmp-exporter, asked as Prometheus asks it. */
export interface Exporter {
  /** Has it poll the agent behind this port; resolves when all twelve values have come. */
  poll(port: number): Promise<void>;
  /** CPU time of its own process so far. */
  cpuMicros(): number;
  close(): void;
}

export async function startExporter(): Promise<Exporter> {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-bench-'));
  const configuration = join(folder, 'snmp.yml');
  writeFileSync(configuration, exporterConfiguration());
  const port = await freePort();
  const child = spawn(PROGRAM, [`--config.file=${configuration}`, `--web.listen-address=127.0.0.1:${port}`], {
    stdio: 'ignore',
  });
  await once(child, 'spawn').catch((cause: unknown) => {
    throw new Error(`apt-get install ${PROGRAM}`, { cause });
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const fetch = (path: string): Promise<string> => body(`http://127.0.0.1:${port}${path}`, agent);
  for (let tries = 0; tries < 100; tries++) {
    const answered = await fetch('/').catch(() => undefined);
    if (answered !== undefined) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    async poll(target) {
      const text = await fetch(`/snmp?module=ap&target=127.0.0.1:${target}`);
      if (text.split('\nbench_').length !== 13) throw new Error(`the exporter did not read all twelve: ${text}`);
    },
    cpuMicros: () => cpuMicrosOf(child.pid ?? 0),
    close() {
      agent.destroy();
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function body(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
