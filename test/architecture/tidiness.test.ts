import { posix } from 'node:path';
import ts from 'typescript';
import { z } from 'zod';
import { faults, files, read, sources } from './repository';

const code = files.filter((path) => /\.(ts|mjs|cjs)$/.test(path));

test('no file of code is longer than 400 lines', () => {
  const lengths = code.map((path) => ({ path, lines: read(path).trimEnd().split('\n').length }));
  expect(lengths.filter(({ lines }) => lines > 400)).toEqual([]);
});

test('the compiler and the linter are switched off nowhere', () => {
  // In pieces, so that this file does not find itself.
  const off = new RegExp(['@ts-(ignore|nocheck|expect-', 'error)|biome-', 'ignore|eslint-', 'disable'].join(''));
  expect(code.filter((path) => off.test(read(path)))).toEqual([]);
  expect(faults(sources, (node) => (node.kind === ts.SyntaxKind.AnyKeyword ? 'any' : undefined))).toEqual([]);
});

test('no test is skipped, focused or left for later, but through describeWith', () => {
  const tests = sources.filter(({ folder, path }) => folder === 'test' && path !== 'test/support/packages.ts');
  const left = faults(tests, (node) =>
    ts.isPropertyAccessExpression(node) && /^(test|it|describe)\.(skip|only|todo)$/.test(node.getText())
      ? node.getText()
      : undefined,
  );
  expect(left).toEqual([]);
});

test('every folder with code has a README, or one above tells about it', () => {
  const folders = new Set(code.map((path) => posix.dirname(path)).filter((folder) => folder !== '.'));
  expect([...folders].filter((folder) => !isExplained(folder, posix.basename(folder)))).toEqual([]);
});

function isExplained(folder: string, name: string): boolean {
  const readme = `${folder}/README.md`;
  if (files.includes(readme) && (posix.basename(folder) === name || read(readme).includes(name))) return true;
  return folder.includes('/') && isExplained(posix.dirname(folder), name);
}

test('no file names a path of one machine or the host of a package registry', () => {
  const foreign = new RegExp(['/(work|home|root|Users)', '/\\w|registry\\.(npmjs|yarnpkg)|/tmp', '/brief'].join(''));
  const text = files.filter((path) => !/\.(png|ico|woff2|lmdb|mdb)$/.test(path));
  expect(text.filter((path) => foreign.test(read(path)))).toEqual([]);
});

describe('package-lock.json', () => {
  const lockedPackage = z.object({
    resolved: z.string().optional(),
    optionalDependencies: z.record(z.string(), z.string()).optional(),
  });
  const lock = z.object({ packages: z.record(z.string(), lockedPackage) }).parse(JSON.parse(read('package-lock.json')));

  test('names no download host, so that a town can install from its own mirror', () => {
    expect(Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  test('has the packages of every platform, because npm ci refuses a lock that lacks one', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`${path}/node_modules/${name}` in lock.packages || `node_modules/${name}` in lock.packages),
      ),
    );
    expect(missing).toEqual([]);
  });
});
