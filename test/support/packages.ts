import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import everyRun from './packages.json';
import wifiOnly from './packages-wifi.json';

const debianPackages = { ...everyRun, ...wifiOnly };

/** A program of test/support/packages*.json, which name the Debian packages that bring them. */
export type Program = keyof typeof debianPackages;

/** Put these beside the programs in `describeWith` when the suite needs them. */
export const needsRoot = 'root';
export const needsNamespaces = 'network namespaces';

export type Need = Program | typeof needsRoot | typeof needsNamespaces;

// Debian keeps servers in sbin, which is not on the PATH of everyone.
const searchPath = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The absolute path of a program, or undefined when this machine does not have it. */
export function findProgram(program: Program): string | undefined {
  const candidates = program.startsWith('/') ? [program] : searchPath.map((folder) => join(folder, program));
  const mode = program.startsWith('/') ? constants.R_OK : constants.X_OK;
  return candidates.find((file) => {
    try {
      accessSync(file, mode);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Like Jest's `describe`, for a suite that needs programs of Debian. When one is missing, the suite becomes one skipped
 * test whose title says what to install; with CI=true it becomes one failing test, so that nothing is left out unseen.
 */
export function describeWith(needs: Need | readonly Need[], title: string, body: () => void): void {
  const lacking = (typeof needs === 'string' ? [needs] : needs).flatMap((need) => remedy(need) ?? []);
  if (lacking.length === 0) {
    describe(title, body);
    return;
  }
  const sentence = lacking.join('; ');
  describe(title, () => {
    if (process.env.CI === 'true') {
      test(sentence, () => {
        throw new Error(`This suite did not run: ${sentence}.`);
      });
    } else {
      test.skip(sentence, () => undefined);
    }
  });
}

/** Why a suite with this need cannot run here and what helps, or undefined when it can. */
function remedy(need: Need): string | undefined {
  if (need === needsRoot) return isRoot() ? undefined : 'needs root: run the tests as root';
  if (need === needsNamespaces) {
    return mayMakeNamespaces()
      ? undefined
      : 'needs network namespaces: run the tests as root, in a privileged container';
  }
  return findProgram(need) === undefined ? `needs ${need}: apt-get install ${debianPackages[need]}` : undefined;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function mayMakeNamespaces(): boolean {
  try {
    execFileSync('unshare', ['--net', '--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
