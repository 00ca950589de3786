import { posix } from 'node:path';
import ts from 'typescript';
import { faults, type Source, sources } from './repository';

interface Import {
  /** `config/schema` for a file of ours, `node:fs` or `zod` for the rest. */
  readonly target: string;
  readonly isOurs: boolean;
  readonly isTypeOnly: boolean;
}

/** The table of docs/architecture.md: folder → what it may import. "types" stands for what leaves no trace at run time. */
const ROLE = ['core', 'config', 'runtime', 'store/store'];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  config: ['core'],
  runtime: ['core', 'config types'],
  store: ['core', 'config types', 'runtime'],
  portal: ROLE,
  radius: ROLE,
  controller: ROLE,
};

test.each(Object.entries(MAY_IMPORT))('%s imports only what the architecture allows', (folder, allowed) => {
  const wrong = sources
    .filter((source) => source.folder === folder)
    .flatMap((source) =>
      importsOf(source)
        .filter((one) => one.isOurs && !isAllowed(one, [folder, ...allowed]))
        .map(({ target }) => `${source.path} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});

test('core imports no module of Node.js and no npm package', () => {
  const wrong = sources
    .filter(({ folder }) => folder === 'core')
    .flatMap((source) =>
      importsOf(source)
        .filter(({ isOurs }) => !isOurs)
        .map(({ target }) => `${source.path} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});

test('nothing that is shipped imports tests or benchmarks', () => {
  const wrong = sources
    .filter(({ folder }) => !['test', 'bench', 'scripts'].includes(folder))
    .flatMap((source) =>
      importsOf(source)
        .filter(({ target }) => /^(test|bench|scripts)\//.test(target))
        .map(({ target }) => `${source.path} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});

test('time, chance and timers come from runtime', () => {
  const elsewhere = sources.filter(({ folder }) => !['runtime', 'test', 'bench', 'scripts'].includes(folder));
  expect(faults(elsewhere, timeOrChance)).toEqual([]);
});

test('only commands speak through the console', () => {
  const quiet = sources.filter(({ folder }) => !['commands', 'test', 'bench', 'scripts'].includes(folder));
  expect(faults(quiet, (node) => (ts.isIdentifier(node) && node.text === 'console' ? 'console' : undefined))).toEqual(
    [],
  );
});

test('RADIUS attributes are named in radius/wire and by the simulated gateway only', () => {
  const attribute =
    /^(User-Name|User-Password|CHAP-[A-Z]\w+|NAS-(IP|IPv6|Port|Identifier)\b.*|Service-Type|Framed-.+|Reply-Message|State|Class|Vendor-Specific|(Session|Idle)-Timeout|(Calling|Called)-Station-Id|Proxy-State|Acct-.+|Event-Timestamp|Message-Authenticator|Error-Cause|WISPr-.+|ChilliSpot-.+)$/;
  const elsewhere = sources.filter(
    ({ path, folder }) => !path.startsWith('radius/wire/') && !['demo', 'test', 'bench'].includes(folder),
  );
  const named = faults(elsewhere, (node) =>
    ts.isStringLiteralLike(node) && attribute.test(node.text) ? node.text : undefined,
  );
  expect(named).toEqual([]);
});

function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) {
      const isOurs = specifier.startsWith('.');
      const target = isOurs ? posix.join(posix.dirname(source.path), specifier) : specifier;
      found.push({ target, isOurs, isTypeOnly: isTypeOnly(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source.tree);
  return found;
}

function specifierOf(node: ts.Node): string | undefined {
  const from =
    ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isCallExpression(node) &&
          (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require')
        ? node.arguments[0]
        : undefined;
  return from !== undefined && ts.isStringLiteralLike(from) ? from.text : undefined;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  if (!ts.isImportDeclaration(node) || node.importClause === undefined) return false;
  const { phaseModifier, name, namedBindings } = node.importClause;
  if (phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.every((element) => element.isTypeOnly);
}

function isAllowed({ target, isTypeOnly }: Import, allowed: readonly string[]): boolean {
  return allowed.some((entry) => {
    const [place = '', types] = entry.split(' ');
    return (target === place || target.startsWith(`${place}/`)) && (types === undefined || isTypeOnly);
  });
}

const CLOCKS = new Set(['Date.now', 'Math.random', 'performance.now', 'process.hrtime', 'AbortSignal.timeout']);
const CALLS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'randomBytes', 'randomInt', 'randomUUID']);

function timeOrChance(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && CLOCKS.has(node.getText())) return node.getText();
  if (ts.isCallExpression(node) && CALLS.has(node.expression.getText())) return node.expression.getText();
  const isNow = ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0;
  return isNow ? 'new Date()' : undefined;
}
