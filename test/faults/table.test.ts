import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../runtime/package-root';
import { productMetrics } from '../architecture/product-metrics';
import { files, read } from '../architecture/repository';
import { table } from './evidence';

const document = readFileSync(join(packageRoot, 'docs', 'failure-modes.md'), 'utf8');

test('each drill has its row in docs/failure-modes.md, and each row its drill', () => {
  const drills = readdirSync(__dirname)
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => [
      ...readFileSync(join(__dirname, file), 'utf8').matchAll(/(?:new Evidence\(|\bdrill: )'([a-z-]+)'/g),
    ])
    .map(([, drill = '']) => drill);
  expect(
    table()
      .map(({ drill }) => drill)
      .toSorted(),
  ).toEqual([...new Set(drills)].toSorted());
});

test('each metric, event and alert that the table names exists', async () => {
  const names = new Set((await productMetrics()).map(({ name }) => name));
  const sources = files.filter((path) => path.endsWith('.ts') && !/^(test|bench|demo)\//.test(path)).map(read);
  const signs = table().flatMap((row) => row.signs);
  const missing = signs.filter((sign) =>
    sign.startsWith('stadtfunk_')
      ? !names.has(sign.replace(/\{.*/, ''))
      : !sources.some((source) => source.includes(`'${sign}'`)),
  );
  expect(missing).toEqual([]);
  const rules = read('deploy/prometheus/rules.yml');
  const alerts = [...document.matchAll(/Alert \[([A-Za-z]+)\]/g)].map(([, alert = '']) => alert);
  expect(alerts.filter((alert) => !rules.includes(`alert: ${alert}\n`))).toEqual([]);
});
