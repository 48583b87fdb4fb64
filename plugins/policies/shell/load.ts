/** The parser: tree-sitter-bash as WebAssembly, loaded when a command must be understood for the first time. */

import { fileURLToPath } from 'node:url';
import type { Parser, TreeCursor } from 'web-tree-sitter';

import type { ParseText, Tree } from './tree.ts';

/** A deeper nesting is nothing that people write. */
const maxDepth = 150;
/** The time one parse may take. */
const maxParseMs = 50;

/** Loads the parser, which takes some 30 ms. Its functions then need no further waiting. */
async function loadParser(): Promise<ParseText> {
  const { Language, Parser: Wasm } = await import('web-tree-sitter');
  await Wasm.init();
  const file = import.meta.resolve('tree-sitter-bash/tree-sitter-bash.wasm');
  const parser = new Wasm();
  parser.setLanguage(await Language.load(fileURLToPath(file)));
  return (text) => parseWith(parser, text);
}

/** Loads on the first call, once. */
export function lazyParser(): () => Promise<ParseText> {
  let loading: Promise<ParseText> | undefined;
  return () => (loading ??= loadParser());
}

function parseWith(parser: Parser, text: string): Tree | undefined {
  const deadline = performance.now() + maxParseMs;
  const progressCallback = () => performance.now() > deadline;
  const parsed = parser.parse(text, null, { progressCallback });
  if (parsed === null) {
    parser.reset();
    return undefined;
  }
  const cursor = parsed.walk();
  try {
    return copy(cursor, 0);
  } finally {
    cursor.delete();
    parsed.delete();
  }
}

function copy(cursor: TreeCursor, depth: number): Tree {
  const children: Tree[] = [];
  const { nodeType, nodeIsNamed, nodeIsMissing, startIndex, endIndex } = cursor;
  if (depth > maxDepth) return { ...leaf, kind: 'too deep', start: startIndex, end: endIndex };
  if (cursor.gotoFirstChild()) {
    do children.push(copy(cursor, depth + 1));
    while (cursor.gotoNextSibling());
    cursor.gotoParent();
  }
  const kind = nodeIsMissing ? 'MISSING' : nodeType;
  return { kind, isNamed: nodeIsNamed, start: startIndex, end: endIndex, children };
}

const leaf: Pick<Tree, 'isNamed' | 'children'> = { isNamed: true, children: [] };
