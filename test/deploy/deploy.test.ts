import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { packageRoot } from '../../runtime/package-root';
import { describeWith } from '../support/packages';

const deploy = join(packageRoot, 'deploy');

function yaml(file: string): unknown {
  return parse(readFileSync(join(deploy, file), 'utf8'), { merge: true });
}

/** Runs a program and returns what it printed; fails with what it printed if it ends with an error. */
function run(program: string, words: readonly string[], cwd = deploy): string {
  return execFileSync(program, words, { cwd, encoding: 'utf8', stdio: 'pipe' });
}

describeWith('promtool', 'Prometheus', () => {
  const folder = join(deploy, 'prometheus');

  test('accepts the scrape configuration and the alerts', () => {
    expect(run('promtool', ['check', 'config', 'prometheus.yml'], folder)).toContain('rules found');
  });

  test('raises each alert when it should and not when it should not', () => {
    expect(run('promtool', ['test', 'rules', 'rules.test.yml'], folder)).toContain('SUCCESS');
  });

  test('every alert is tried, tells what to do and stands in the README', () => {
    const rules = z.object({
      groups: z.array(
        z.object({
          rules: z.array(
            z.object({
              alert: z.string(),
              labels: z.object({ severity: z.enum(['warning', 'critical']) }),
              annotations: z.object({ summary: z.string().endsWith('.'), description: z.string().endsWith('.') }),
            }),
          ),
        }),
      ),
    });
    const alerts = rules
      .parse(yaml('prometheus/rules.yml'))
      .groups.flatMap((group) => group.rules.map(({ alert }) => alert));
    const tries = readFileSync(join(folder, 'rules.test.yml'), 'utf8');
    const readme = readFileSync(join(deploy, 'README.md'), 'utf8');
    expect(alerts.length).toBeGreaterThan(0);
    expect(
      alerts.filter((alert) => !tries.includes(`alertname: ${alert}\n`) || !readme.includes(`| ${alert} `)),
    ).toEqual([]);
  });
});

describeWith('promtool', 'the dashboard', () => {
  test('asks questions that Prometheus understands', () => {
    const questions = dashboard().panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const rules = questions.map((question, index) => ({
      record: `question:${index}`,
      expr: question.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1d').replaceAll('$site', '.*'),
    }));
    const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-'));
    try {
      writeFileSync(join(folder, 'rules.yml'), JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
      expect(run('promtool', ['check', 'rules', 'rules.yml'], folder)).toContain(`${questions.length} rules found`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describeWith('systemd-analyze', 'the systemd unit', () => {
  let folder: string;
  let unit: string;

  beforeAll(() => {
    // systemd-analyze looks for the programs that the unit names; here they lie elsewhere.
    folder = mkdtempSync(join(tmpdir(), 'stadtfunk-'));
    unit = join(folder, 'stadtfunk.service');
    const text = readFileSync(join(deploy, 'systemd', 'stadtfunk.service'), 'utf8');
    writeFileSync(unit, text.replace('/usr/bin/node', process.execPath));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is understood', () => {
    expect(run('systemd-analyze', ['verify', '--man=no', unit])).toBe('');
  });

  test('leaves an intruder little: exposure at most 1.5 of 10', () => {
    run('systemd-analyze', ['security', '--offline=true', '--threshold=15', unit]);
  });
});

describe('compose.yaml', () => {
  const service = z.object({
    image: z.string().regex(/^(stadtfunk|.+:.*\d.*)$/, 'an image needs a version'),
    read_only: z.literal(true),
    cap_drop: z.tuple([z.literal('ALL')]),
    security_opt: z.tuple([z.literal('no-new-privileges:true')]),
    restart: z.literal('unless-stopped'),
    volumes: z.array(z.string()),
    ports: z.array(z.string()).default([]),
  });
  const compose = z.object({
    services: z.object({ stadtfunk: service, redis: service, prometheus: service, grafana: service }).strict(),
    volumes: z.record(z.string(), z.null()),
  });

  test('every container is hardened alike, with a pinned image', () => {
    expect(compose.safeParse(yaml('compose.yaml')).error).toBeUndefined();
  });

  test('what has no password is published on loopback only', () => {
    const { stadtfunk, redis, prometheus, grafana } = compose.parse(yaml('compose.yaml')).services;
    const published = [stadtfunk, redis, prometheus, grafana].flatMap(({ ports }) => ports);
    const open = published.filter((port) => !port.startsWith('127.0.0.1:'));
    expect(open).toEqual(['8080:8080/tcp', '1812:1812/udp', '1813:1813/udp', '2083:2083/tcp']);
  });
});

describe('Grafana', () => {
  test('the data source that the dashboard asks is provisioned', () => {
    const sources = z
      .object({ datasources: z.array(z.object({ uid: z.string(), type: z.literal('prometheus') })).length(1) })
      .parse(yaml('grafana/provisioning/datasources/prometheus.yaml'));
    const dashboard = readFileSync(join(deploy, 'grafana', 'dashboards', 'stadtfunk.json'), 'utf8');
    const asked = [...dashboard.matchAll(/"type": "prometheus",\s+"uid": "([^"]+)"/g)].map(([, uid]) => uid);
    expect(new Set(asked)).toEqual(new Set(sources.datasources.map(({ uid }) => uid)));
  });

  test('panels have a title, a description, a place of their own and a question', () => {
    const { panels } = dashboard();
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const mute = panels.filter(
      ({ type, targets, description }) => type !== 'row' && (targets.length === 0 || !description),
    );
    expect(mute).toEqual([]);
    const overlapping = panels.filter((one) =>
      panels.some(
        (other) =>
          other.id < one.id &&
          other.gridPos.x < one.gridPos.x + one.gridPos.w &&
          one.gridPos.x < other.gridPos.x + other.gridPos.w &&
          other.gridPos.y < one.gridPos.y + one.gridPos.h &&
          one.gridPos.y < other.gridPos.y + other.gridPos.h,
      ),
    );
    expect(overlapping).toEqual([]);
  });
});

describe('Dockerfile', () => {
  const text = readFileSync(join(packageRoot, 'Dockerfile'), 'utf8');
  const ignored = readFileSync(join(packageRoot, '.dockerignore'), 'utf8').split('\n');

  test('the image gets every folder that the product is built from and nothing else', () => {
    const { include } = z
      .object({ include: z.array(z.string()) })
      .parse(JSON.parse(readFileSync(join(packageRoot, 'tsconfig.build.json'), 'utf8')));
    const built = include.map((pattern) => `!${pattern.replace(/\/.*/, '')}`);
    expect(built.filter((line) => !ignored.includes(line))).toEqual([]);
    expect(ignored).toContain('*');
    expect(ignored.filter((line) => /test|secrets|data|town\.yaml/.test(line))).toEqual([]);
  });

  test('the process is not root, has a health check and starts without a shell', () => {
    const last = text.slice(text.lastIndexOf('\nFROM '));
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^HEALTHCHECK .*\\\n {2}CMD \[/m);
    expect(last).toMatch(/^ENTRYPOINT \[/m);
    expect(last).toMatch(/^CMD \[/m);
    expect(text.match(/^FROM (?!\S+:\S+)/m)).toBeNull();
  });
});

function dashboard() {
  const panel = z.object({
    id: z.int(),
    type: z.string(),
    title: z.string().min(1),
    description: z.string().endsWith('.').optional(),
    gridPos: z.object({ x: z.int().min(0), y: z.int(), w: z.int(), h: z.int() }),
    targets: z.array(z.object({ refId: z.string(), expr: z.string().min(1) })).default([]),
  });
  const file = join(deploy, 'grafana', 'dashboards', 'stadtfunk.json');
  return z.object({ panels: z.array(panel) }).parse(JSON.parse(readFileSync(file, 'utf8')));
}
