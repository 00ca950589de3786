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
  /** Each rule that it knows: whether it could be worked out, and if not, why. */
  rules(): Promise<readonly Rule[]>;
  /** What it found out itself to scrape for a job. */
  targets(job: string): Promise<readonly Target[]>;
  stop(): Promise<void>;
}

export interface Rule {
  readonly name: string;
  readonly type: 'alerting' | 'recording';
  readonly health: string;
  readonly error: string;
}

export interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly url: string;
}

const rule = z.object({
  name: z.string(),
  type: z.enum(['alerting', 'recording']),
  health: z.string(),
  lastError: z.string().default(''),
});
const rulesAnswer = z.object({ data: z.object({ groups: z.array(z.object({ rules: z.array(rule) })) }) });
const target = z.object({ labels: z.record(z.string(), z.string()), scrapeUrl: z.string() });
const targetsAnswer = z.object({ data: z.object({ activeTargets: z.array(target) }) });

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
      const body: unknown = await response.json();
      if (!response.ok) throw new Error(`Prometheus refuses ${expression}: ${JSON.stringify(body)}`);
      const { data } = answer.parse(body);
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async rules() {
      const { data } = rulesAnswer.parse(await (await fetch(`${url}/api/v1/rules`)).json());
      return data.groups.flatMap(({ rules }) =>
        rules.map(({ name, type, health, lastError }) => ({ name, type, health, error: lastError })),
      );
    },
    async targets(job) {
      const { data } = targetsAnswer.parse(await (await fetch(`${url}/api/v1/targets?state=active`)).json());
      return data.activeTargets
        .filter(({ labels }) => labels.job === job)
        .map(({ labels, scrapeUrl }) => ({ labels, url: scrapeUrl }));
    },
    async stop() {
      await server.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
