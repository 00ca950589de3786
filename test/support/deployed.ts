import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../runtime/package-root';

const folderOfRules = join(packageRoot, 'deploy', 'prometheus');

interface Place {
  /** Where the product's metrics are. */
  readonly ops: string;
  readonly alertmanager?: string;
  /** How many of the scrape jobs, from the first. */
  readonly jobs: number;
}

/**
 * deploy/prometheus as it is, but in a hurry: everything is asked and judged each second, and an alert waits as many
 * seconds as it would wait minutes (an hour: a minute).
 */
export function deployed({ ops, alertmanager, jobs }: Place): Record<string, unknown> {
  const { scrape_configs } = parse(readFileSync(join(folderOfRules, 'prometheus.yml'), 'utf8'));
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-rules-'));
  const rule_files = ['recording.yml', 'rules.yml'].map((name) => {
    const hurried = readFileSync(join(folderOfRules, name), 'utf8').replace(
      /\bfor: (\d+)([mh])$/gm,
      (_, count, unit) => {
        return `for: ${count}${unit === 'm' ? 's' : 'm'}`;
      },
    );
    writeFileSync(join(folder, name), hurried);
    return join(folder, name);
  });
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files,
    ...(alertmanager !== undefined && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    }),
    scrape_configs: scrape_configs.slice(0, jobs).map((job: Record<string, unknown>) => ({
      ...job,
      scrape_interval: '1s',
      scrape_timeout: '1s',
      static_configs: [{ targets: [ops] }],
    })),
  };
}

/**
 * The scrape job that stands in prometheus.yml as an example, behind hashes: it asks /sd/aps for access points.
 * @param ops  where the product's metrics are
 */
export function exampleJob(ops: string): Record<string, unknown> {
  const text = readFileSync(join(folderOfRules, 'prometheus.yml'), 'utf8');
  const hidden = text.slice(text.indexOf('  # - job_name: ping')).replace(/^ {2}# /gm, '');
  const [job] = parse(hidden.replaceAll('127.0.0.1:9180', ops));
  return { ...job, http_sd_configs: job.http_sd_configs.map((sd: object) => ({ ...sd, refresh_interval: '1s' })) };
}
