import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { finding, type MistakeKind } from './messages';
import type { Mistake } from './mistake';

/** The text of a configuration: its values, and where in the file each of them stands. */
export interface Source {
  readonly value: unknown;
  /** The line of a key or list entry, or of the nearest block around it when there is none. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
  /** What somebody wrote there, if it is a single value. */
  textOf(path: readonly PropertyKey[]): string | undefined;
}

/** Reads YAML 1.2. What it says about a fault never repeats the file's text: a secret may stand there. */
export function readYaml(text: string): { ok: true; source: Source } | { ok: false; mistakes: Mistake[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const faults = [...document.errors, ...document.warnings, ...danglingAliases(document)];
  if (faults.length > 0) return { ok: false, mistakes: firstOfEach(faults.map((it) => yamlMistake(it, text, lines))) };
  if (document.contents === null) return { ok: false, mistakes: [{ path: '', ...finding('empty') }] };
  try {
    return { ok: true, source: sourceOf(document, document.toJS(), lines) };
  } catch {
    // Aliases that multiply without end show only when values are made of them.
    return { ok: false, mistakes: [{ path: '', ...finding('yaml-other', { code: 'ALIASES' }) }] };
  }
}

interface Fault {
  readonly code: YAMLError['code'];
  /** Where it begins in the text. */
  readonly pos: readonly [number, ...unknown[]];
}

/** `*name` without its `&name`: usually a password that begins with a star. */
function danglingAliases(document: Document): Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Alias: (_, node) => {
      if (node.resolve(document) === undefined) faults.push({ code: 'BAD_ALIAS', pos: [node.range?.[0] ?? 0] });
    },
  });
  return faults;
}

/** One slip often gives several faults on its line. */
function firstOfEach(mistakes: readonly Mistake[]): Mistake[] {
  return mistakes.filter((one, i) => mistakes.findIndex((it) => it.kind === one.kind && it.line === one.line) === i);
}

const KIND_OF_FAULT: Readonly<Partial<Record<YAMLError['code'], MistakeKind>>> = {
  TAB_AS_INDENT: 'yaml-tab',
  DUPLICATE_KEY: 'yaml-twice',
  MISSING_CHAR: 'yaml-open',
  BAD_INDENT: 'yaml-indent',
  BLOCK_AS_IMPLICIT_KEY: 'yaml-indent',
  MULTILINE_IMPLICIT_KEY: 'yaml-indent',
  BAD_SCALAR_START: 'yaml-sign',
  BAD_ALIAS: 'yaml-sign',
  TAG_RESOLVE_FAILED: 'yaml-sign',
  MULTIPLE_DOCS: 'yaml-documents',
};

function yamlMistake({ code, pos }: Fault, text: string, lines: LineCounter): Mistake {
  const key = /^["']?([\w-]*)/.exec(text.slice(pos[0]))?.[1] ?? '';
  return {
    path: '',
    line: lines.linePos(pos[0]).line,
    ...finding(KIND_OF_FAULT[code] ?? 'yaml-other', { code, key }),
  };
}

function sourceOf(document: Document, value: unknown, lines: LineCounter): Source {
  return {
    value,
    lineOf(path) {
      for (let depth = path.length; depth >= 0; depth--) {
        const node = nodeAt(document, path.slice(0, depth));
        const start = node?.key ?? node?.value;
        if (isNode(start) && start.range) return lines.linePos(start.range[0]).line;
      }
      return undefined;
    },
    textOf(path) {
      const node = nodeAt(document, path)?.value;
      if (!isScalar(node) || node.value === null) return undefined;
      return node.source ?? String(node.value);
    },
  };
}

interface Located {
  /** The node of the key, if the place is in a map. */
  readonly key?: unknown;
  readonly value: unknown;
}

function nodeAt(document: Document, path: readonly PropertyKey[]): Located | undefined {
  let here: Located = { value: document.contents };
  for (const part of path) {
    const node: unknown = isAlias(here.value) ? here.value.resolve(document) : here.value;
    if (isMap(node)) {
      const pair = node.items.find((item) => (isScalar(item.key) ? String(item.key.value) : '') === String(part));
      if (pair === undefined) return undefined;
      here = { key: pair.key, value: pair.value };
    } else if (isSeq(node) && Number(part) < node.items.length) here = { value: node.items[Number(part)] };
    else return undefined;
  }
  return here;
}
