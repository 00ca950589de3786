import { LABELS } from '../../runtime/metrics';
import { METRICS_FILES, type Metric, productMetrics } from './product-metrics';
import { files, read, sources } from './repository';

let metrics: Metric[];

beforeAll(async () => {
  metrics = await productMetrics();
});

test('metrics are defined in the files that this test knows', () => {
  const defining = sources.filter(
    ({ folder, text }) => !['test', 'bench', 'runtime'].includes(folder) && /from 'prom-client'/.test(text),
  );
  expect(defining.map(({ path }) => path).sort()).toEqual(METRICS_FILES);
});

test('names have the prefix, small letters and base units, and end in _total only for counters', () => {
  const wrong = metrics.filter(
    ({ name, type }) =>
      !/^stadtfunk_[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name) ||
      name.endsWith('_total') !== (type === 'counter') ||
      /_(ms|milliseconds|minutes|hours|kilobytes|kb|mb|percent|count|sum|bucket)(_total)?$/.test(name) ||
      (type === 'histogram' && !/_(seconds|bytes)$/.test(name)),
  );
  expect(wrong.map(({ name, type }) => `${type} ${name}`)).toEqual([]);
});

test('labels are on the list, so that none can name a person', () => {
  const known: readonly string[] = LABELS;
  const wrong = metrics.flatMap(({ name, labelNames }) =>
    labelNames.filter((label) => !known.includes(label)).map((label) => `${name}{${label}}`),
  );
  expect(wrong).toEqual([]);
});

test('every help is a sentence', () => {
  expect(metrics.filter(({ help }) => !/^[A-Z].{10,}\.$/s.test(help)).map(({ name, help }) => [name, help])).toEqual(
    [],
  );
});

test('alerts, dashboard and documents use only metrics and labels that exist', () => {
  const series = new Set(
    metrics.flatMap(({ name, type }) =>
      type === 'histogram' ? ['', '_bucket', '_sum', '_count'].map((ending) => name + ending) : [name],
    ),
  );
  const texts = files.filter((path) => /^(deploy|docs)\/.*\.(yml|json|md)$/.test(path) || path === 'README.md');
  const unknown = texts.flatMap((path) =>
    [...read(path).matchAll(/\bstadtfunk_[a-z0-9_]+\b(?!\*|_)/g)]
      .map(([name]) => name)
      .filter((name) => !series.has(name) && !/^stadtfunk_(process|nodejs)_/.test(name))
      .map((name) => `${path}: ${name}`),
  );
  expect(unknown).toEqual([]);

  const monitored = texts
    .filter((path) => path.startsWith('deploy/'))
    .map(read)
    .join('\n');
  const labelsOf = new Map(metrics.map(({ name, labelNames }) => [name, labelNames]));
  const selected = [...monitored.matchAll(/\b(stadtfunk_[a-z0-9_]+?)(?:_bucket)?\{([^}]*)\}/g)];
  const wrong = selected.flatMap(([, name = '', selector = '']) =>
    [...selector.matchAll(/(\w+)\s*[=!]/g)]
      .map(([, label = '']) => label)
      // Prometheus adds these two to whatever it scrapes.
      .filter((label) => !['job', 'instance'].includes(label) && !labelsOf.get(name)?.includes(label))
      .map((label) => `${name}{${label}}`),
  );
  expect(selected.length).toBeGreaterThan(10);
  expect(wrong).toEqual([]);
});
