import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { packageRoot } from '../../runtime/package-root';
import { freeTcpPort } from './ports';
import { startProgram } from './process';
import { until } from './wait';

const folderOfRules = join(packageRoot, 'deploy', 'prometheus');

/** Debian's Alertmanager on loopback, with the inhibition of deploy/prometheus/alertmanager.yml. */
export interface Alertmanager {
  readonly address: string;
  alerts(): Promise<readonly Alert[]>;
  stop(): Promise<void>;
}

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  readonly inhibited: boolean;
}

const answer = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    status: z.object({ state: z.string(), inhibitedBy: z.array(z.string()) }),
  }),
);

/** @param webhook  who is told instead of people */
export async function startAlertmanager(webhook: string): Promise<Alertmanager> {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-alertmanager-'));
  const file = join(folder, 'alertmanager.yml');
  const { route, inhibit_rules } = parse(readFileSync(join(folderOfRules, 'alertmanager.yml'), 'utf8'));
  writeFileSync(
    file,
    stringify({
      route: { ...route, receiver: 'test', group_wait: '1s', group_interval: '2s' },
      inhibit_rules,
      receivers: [{ name: 'test', webhook_configs: [{ url: webhook }] }],
    }),
  );
  const address = `127.0.0.1:${await freeTcpPort()}`;
  const server = startProgram('prometheus-alertmanager', [
    `--config.file=${file}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--cluster.listen-address=',
    '--log.level=warn',
  ]);
  await until('Alertmanager is ready', () => {
    if (server.exitCode() !== undefined) throw new Error(`Alertmanager did not start: ${server.output()}`);
    return fetch(`http://${address}/-/ready`).then(
      (response) => response.ok,
      () => false,
    );
  });
  return {
    address,
    async alerts() {
      const response = await fetch(`http://${address}/api/v2/alerts`);
      return answer.parse(await response.json()).map(({ labels, status: { state, inhibitedBy } }) => {
        return { labels, state, inhibited: inhibitedBy.length > 0 };
      });
    },
    async stop() {
      await server.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
