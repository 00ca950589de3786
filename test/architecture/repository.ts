import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../../runtime/package-root';

/** What is made, installed or private: no part of the repository. */
const NOT_OURS = new Set(['node_modules', 'dist', 'dist-bench', 'data', 'secrets', 'coverage', '.git', 'town.yaml']);

/** All files of the repository, as paths from its root with forward slashes. */
export const files: readonly string[] = walk('');

function walk(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { withFileTypes: true })
    .filter((entry) => !NOT_OURS.has(entry.name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return walk(path);
      return entry.isFile() ? [path] : [];
    });
}

export function read(path: string): string {
  return readFileSync(join(packageRoot, path), 'utf8');
}

/** One TypeScript file, parsed. */
export interface Source {
  readonly path: string;
  /** The top folder, or '' for a file that lies in none. */
  readonly folder: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

export const sources: readonly Source[] = files
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = read(path);
    return {
      path,
      folder: path.includes('/') ? path.slice(0, path.indexOf('/')) : '',
      text,
      tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true),
    };
  });

/** `path:line what` for every node that `judge` finds fault with. */
export function faults(among: readonly Source[], judge: (node: ts.Node) => string | undefined): string[] {
  return among.flatMap((source) => {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const what = judge(node);
      if (what !== undefined) {
        found.push(`${source.path}:${source.tree.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${what}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source.tree);
    return found;
  });
}
