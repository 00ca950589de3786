import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Keeps 20 MB, and lets much more live for longer than a moment. In a process of its own: V8's settings hold for all of it. */
const PROGRAM = `
  require('./runtime/heap').growHeap(process.argv[1]);
  const object = (i) => ({ number: i, name: 'object ' + i, list: [i, i + 1, i + 2] });
  const kept = Array.from({ length: 150_000 }, (_, i) => object(i));
  const lately = [];
  for (let turn = 0; turn < 3_000; turn++) lately[turn % 40] = Array.from({ length: 2_000 }, (_, i) => object(i));
  console.log(kept.length);
`;

/** How often V8 tidied the whole heap. */
function timesTidied(how: 'thriftily' | 'freely'): number {
  const options = ['--trace-gc', '-r', 'ts-node/register/transpile-only', '-e', PROGRAM, how];
  const told = execFileSync(process.execPath, options, { cwd: join(__dirname, '..', '..') }).toString();
  return told.split('\n').filter((line) => line.includes('Mark-Compact')).length;
}

test('a heap that may grow freely is tidied less often than a thrifty one', () => {
  expect(timesTidied('thriftily')).toBeGreaterThanOrEqual(timesTidied('freely') + 3);
});
