import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'stadtfunk-')));
  const files = {
    'passes.test.js': `test('passes', () => undefined);`,
    'fails.test.js': `test('fails', () => { throw new Error('on purpose'); });`,
    'cannot-run.test.js': `require('./missing');`,
    'needs.test.js': `
      const { describeWith } = require(${JSON.stringify(join(__dirname, 'packages.ts'))});
      describeWith('radclient', 'a suite', () => test('runs', () => undefined));`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['skipped where a person runs the tests', '', 'tests: 1 passed, 2 failed, 1 skipped'],
  ['a failure in CI', 'true', 'tests: 1 passed, 3 failed, 0 skipped'],
])('the last line counts everything; a suite without its program is %s', (_title, ci, line) => {
  const run = runJest({ CI: ci });
  expect(run.stdout.trimEnd().split('\n').at(-1)).toBe(line);
  expect(run.stdout + run.stderr).toContain('needs radclient: apt-get install freeradius-utils');
  expect(run.status).toBe(1);
});

/** Runs Jest on the folder, on a machine where no program is on the PATH. */
function runJest(environment: Readonly<Record<string, string>>) {
  const config = {
    rootDir: folder,
    transform: { '\\.ts$': require.resolve('@swc/jest') },
    reporters: ['default', join(__dirname, 'reporter.cjs')],
  };
  const words = [require.resolve('jest/bin/jest'), '--runInBand', '--no-cache', '--config', JSON.stringify(config)];
  return spawnSync(process.execPath, words, { encoding: 'utf8', env: { PATH: folder, HOME: folder, ...environment } });
}
