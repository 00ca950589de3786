const { spawnSync } = require('node:child_process');
const { dirname, join } = require('node:path');

/**
 * Builds dist/ once before all tests, so that those which start the real product start what stands in the sources. Left
 * out when only other tests were asked for.
 */
module.exports = ({ testPathPatterns }) => {
  const asked = testPathPatterns?.patterns ?? [];
  if (asked.length > 0 && !asked.some((pattern) => /e2e|faults|fuzz|wifi/.test(pattern))) return;
  const root = join(__dirname, '..', '..');
  const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-b', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('The product does not compile; its errors are above.');
};
