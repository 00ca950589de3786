import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { freeTcpPort } from '../support/ports';
import { startProgram } from '../support/process';
import { until } from '../support/wait';

/** One series of an answer. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Debian's Prometheus on loopback. */
export interface Prometheus {
  readonly url: string;
  /** Asks with PromQL, for this moment. */
  query(expression: string): Promise<readonly Sample[]>;
  stop(): Promise<void>;
}

const answer = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** Starts a Prometheus with this configuration (the content of prometheus.yml) and waits until it is ready. */
export async function startPrometheus(configuration: Readonly<Record<string, unknown>>): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, stringify(configuration));
  const address = `127.0.0.1:${await freeTcpPort()}`;
  const url = `http://${address}`;
  const server = startProgram('prometheus', [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--log.level=warn',
  ]);
  await until('Prometheus is ready', () => {
    if (server.exitCode() !== undefined) throw new Error(`Prometheus did not start: ${server.output()}`);
    return fetch(`${url}/-/ready`).then(
      (response) => response.ok,
      () => false,
    );
  });
  return {
    url,
    async query(expression) {
      const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression })}`);
      const { data } = answer.parse(await response.json());
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async stop() {
      await server.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
