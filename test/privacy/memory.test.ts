import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tellingOptions } from '../../runtime/keep-memory';
import { packageRoot } from '../../runtime/package-root';
import { searchFiles } from '../support/canary';

// It waits for the kernel to write everything that was in memory.
jest.setTimeout(60_000);

const TYPESCRIPT = join(__dirname, '..', 'store', 'typescript.cjs');
const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-memory-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Dumps that are handed to a program, or written elsewhere, are not found here. */
const dumpsHere = !/[|/]/.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'));

/** Runs a program that has a canary in its memory, crashes and may dump core; returns what it printed. */
function crash(name: string, prepare: string): { readonly printed: string; readonly finds: number } {
  const place = mkdtempSync(join(folder, name));
  const program = `${prepare}
    globalThis.canary = Buffer.alloc(64).fill(['canary', 'in', 'memory'].join('-'));
    process.stdout.write(require('node:fs').readFileSync('/proc/self/coredump_filter', 'utf8'));
    process.abort();`;
  const words = ['-c', 'ulimit -c unlimited; exec "$0" "$@"', process.execPath, '--require', TYPESCRIPT, '-e', program];
  const { stdout } = spawnSync('sh', words, { cwd: place, encoding: 'utf8' });
  return { printed: stdout.trim(), finds: searchFiles(place, [Buffer.from('canary-in-memory')]).length };
}

test('a core dump holds nothing of what was in memory', () => {
  const module = join(packageRoot, 'runtime', 'keep-memory.ts');
  const log = '{ warn: (event) => process.stdout.write(event) }';
  const kept = crash('kept', `require(${JSON.stringify(module)}).keepMemory(${log});`);
  expect(kept).toEqual({ printed: '00000000', finds: 0 });
  // Without it, it would.
  if (dumpsHere) expect(crash('lost', '').finds).toBe(1);
});

test.each<[string[], string | undefined, string[]]>([
  [[], undefined, []],
  [['--max-old-space-size=512'], '--enable-source-maps', []],
  [['--heapsnapshot-signal=SIGUSR2'], undefined, ['--heapsnapshot-signal']],
  [
    ['--inspect'],
    '--report-on-fatalerror  --heapsnapshot-near-heap-limit=1',
    ['--inspect', '--report-on-fatalerror', '--heapsnapshot-near-heap-limit'],
  ],
])('node %j with NODE_OPTIONS %j would write memory by %j', (execArgv, nodeOptions, telling) => {
  expect(tellingOptions(execArgv, nodeOptions)).toEqual(telling);
});
