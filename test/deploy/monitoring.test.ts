import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { dashboardFiles } from '../../deploy/grafana/source';
import { packageRoot } from '../../runtime/package-root';
import { dashboards, resolved } from '../support/dashboards';
import { describeWith } from '../support/packages';

const deploy = join(packageRoot, 'deploy');
const prometheus = join(deploy, 'prometheus');
const runbooks = join(packageRoot, 'docs', 'runbooks');

/** Runs a program and returns what it printed; fails with what it printed if it ends with an error. */
function run(program: string, words: readonly string[], cwd = prometheus): string {
  return execFileSync(program, words, { cwd, encoding: 'utf8', stdio: 'pipe' });
}

const alertRule = z.object({
  alert: z.string(),
  for: z.string().regex(/^\d+[mh]$/),
  labels: z.object({ severity: z.enum(['warning', 'critical']) }),
  annotations: z.object({
    summary: z.string().endsWith('.'),
    description: z.string().endsWith('.'),
    runbook_url: z.url(),
  }),
});

function alerts() {
  const rules = z.object({ groups: z.array(z.object({ rules: z.array(alertRule) })) });
  return rules
    .parse(parse(readFileSync(join(prometheus, 'rules.yml'), 'utf8')))
    .groups.flatMap(({ rules: found }) => found);
}

describeWith(['promtool', 'amtool'], 'what Prometheus and Alertmanager are given', () => {
  test('is accepted by them', () => {
    for (const file of ['prometheus.yml', 'prometheus.scaled.yml']) {
      expect(run('promtool', ['check', 'config', file])).toContain('2 rule files found');
    }
    expect(run('amtool', ['check-config', 'alertmanager.yml'])).toContain('SUCCESS');
  });

  test('raises each alert when it should and not when it should not, and records what it should', () => {
    expect(run('promtool', ['test', 'rules', 'rules.test.yml'])).toContain('SUCCESS');
  });
});

describe('every alert', () => {
  const text = (...path: string[]): string => readFileSync(join(packageRoot, ...path), 'utf8');

  test('is tried and stands in the READMEs', () => {
    const tries = text('deploy', 'prometheus', 'rules.test.yml');
    const [readme, list] = [text('deploy', 'README.md'), text('docs', 'runbooks', 'README.md')];
    const missing = alerts().filter(
      ({ alert }) =>
        !tries.includes(`alertname: ${alert}\n`) || !readme.includes(`| ${alert} `) || !list.includes(`(${alert}.md)`),
    );
    expect(missing).toEqual([]);
  });

  test('leads to a page that says what it means, what is noticed, what to look at and to do', () => {
    for (const { alert, annotations } of alerts()) {
      expect(annotations.runbook_url).toMatch(new RegExp(`/docs/runbooks/${alert}\\.md$`));
      const page = text('docs', 'runbooks', `${alert}.md`);
      expect([alert, ...page.matchAll(/^##? (.+)$/gm)].map((heading) => heading[1] ?? heading)).toEqual([
        alert[1],
        alert,
        'What it means',
        'What a visitor notices',
        'What to look at',
        'What to do',
      ]);
    }
    const pages = readdirSync(runbooks).filter((name) => name !== 'README.md');
    expect(pages.sort()).toEqual(
      alerts()
        .map(({ alert }) => `${alert}.md`)
        .sort(),
    );
  });

  test('about an access point waits longer than that about its uplink, or it would go out first', () => {
    const waits = new Map(alerts().map((rule) => [rule.alert, Number.parseInt(rule.for, 10)]));
    expect(waits.get('AccessPointDown')).toBeGreaterThan((waits.get('SiteUplinkDown') ?? 0) + 1);
  });
});

describe('the dashboards', () => {
  test('are what their source says (else run: npm run dashboards)', () => {
    const folder = join(deploy, 'grafana', 'dashboards');
    const written = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
    expect(written).toEqual(new Map(dashboardFiles()));
  });

  test('have titles in German and English, and names of their own', () => {
    const all = dashboards();
    expect(new Set(all.map(({ uid }) => uid)).size).toBe(all.length);
    const titles = all.flatMap(({ title, panels }) => [title, ...panels.map((panel) => panel.title)]);
    // The same word in both languages stands once.
    expect(titles.filter((title) => !title.includes(' / ') && !/^(Portal|RADIUS)$/.test(title))).toEqual([]);
    const about = all.flatMap(({ panels }) => panels.flatMap(({ description }) => description ?? []));
    expect(about.filter((description) => !/\.( \/ |\n+)/.test(description))).toEqual([]);
  });

  test.each(dashboards())(
    '$uid: each panel has a place, a unit, a description, a threshold and a question',
    ({ panels }) => {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const mute = panels.filter(
        ({ type, targets, description, fieldConfig }) =>
          type !== 'row' &&
          (targets.length === 0 ||
            !description ||
            !fieldConfig?.defaults.unit ||
            (fieldConfig.defaults.thresholds?.steps.length ?? 0) === 0),
      );
      expect(mute.map(({ title }) => title)).toEqual([]);
      const tooWide = panels.filter(({ gridPos: { x, w } }) => x + w > 24);
      expect(tooWide).toEqual([]);
      const overlapping = panels.filter(({ id, gridPos: one }) =>
        panels.some(
          ({ id: otherId, gridPos: other }) =>
            otherId < id &&
            other.x < one.x + one.w &&
            one.x < other.x + other.w &&
            other.y < one.y + one.h &&
            one.y < other.y + other.h,
        ),
      );
      expect(overlapping.map(({ title }) => title)).toEqual([]);
    },
  );

  test('ask the data source that is provisioned', () => {
    const sources = z
      .object({ datasources: z.array(z.object({ uid: z.string(), type: z.literal('prometheus') })).length(1) })
      .parse(parse(readFileSync(join(deploy, 'grafana/provisioning/datasources/prometheus.yaml'), 'utf8')));
    const asked = [...[...dashboardFiles().values()].join('').matchAll(/"type": "prometheus",\s+"uid": "([^"]+)"/g)];
    expect(new Set(asked.map(([, uid]) => uid))).toEqual(new Set(sources.datasources.map(({ uid }) => uid)));
  });
});

describeWith('promtool', 'the questions of the dashboards', () => {
  test('are such that Prometheus understands them', () => {
    const questions = dashboards().flatMap(({ panels }) => panels.flatMap(({ targets }) => targets));
    const rules = questions.map(({ expr }, index) => ({
      record: `question:${index}`,
      expr: resolved(expr, '.*', '.*'),
    }));
    const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-'));
    try {
      const file = join(folder, 'rules.yml');
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboards', rules }] }));
      expect(run('promtool', ['check', 'rules', basename(file)], folder)).toContain(`${questions.length} rules found`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
