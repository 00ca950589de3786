import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { packageRoot } from '../../runtime/package-root';

/** It starts three servers, each of which compiles itself. */
const PATIENCE_MS = 180_000;

test(
  'a quick look at the RADIUS server gives every figure beside its peer, as one JSON object a line',
  async () => {
    const args = ['node_modules/ts-node/dist/bin.js', '-T', 'bench/main.ts', 'radius', '--seconds', '0.3', '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: packageRoot });
    const figures = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(figures.map(({ name, against }) => `${name} beside ${against}`)).toEqual([
      'radius.auth beside node:dgram echo',
      'radius.acct beside node:dgram echo',
      'radius.auth.twice beside 10,000 grants',
      'radius.memory.grant beside 400 B',
    ]);
    for (const { value, ratio } of figures.slice(0, 3)) {
      expect(value).toBeGreaterThan(0);
      expect(ratio).toBeGreaterThan(0);
    }
  },
  PATIENCE_MS,
);
