import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../runtime/package-root';

/** How a server is started: as it is installed, or from source, which takes no time before. */
export interface Form {
  /** Arguments of Node.js for a file of the source, named from the root. */
  readonly argumentsFor: (source: string) => readonly string[];
}

export const fromSource: Form = {
  argumentsFor: (source) => ['-r', 'ts-node/register/transpile-only', join(packageRoot, source)],
};

/**
 * Compiles the product and the bench's servers first. A process that compiles its own source keeps the compiler in its
 * memory: on a crowded machine logins cost an eighth more there, and no town runs it so.
 */
export function compiled(): Form {
  const project = join(__dirname, 'servers.tsconfig.json');
  execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', project], { stdio: 'inherit' });
  const folder = join(packageRoot, 'dist-bench');
  return { argumentsFor: (source) => [join(folder, source.replace(/\.ts$/, '.js'))] };
}
