const { execFileSync } = require('node:child_process');
const { dirname, join } = require('node:path');

/** Builds dist/ once before all tests, so that those which start the real product start what stands in the sources. */
module.exports = () => {
  const root = join(__dirname, '..', '..');
  const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '-b', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
};
