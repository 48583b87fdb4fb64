/** Loops over words, cases and tests. */

import { blank, noParts, type Reading } from './reading.ts';
import type { Word } from './script.ts';
import { splitTest } from './test-words.ts';
import type { Tree } from './tree.ts';
import { checkPattern, holesIn, wordOf } from './word-node.ts';

const testParts: ReadonlySet<string> = new Set(
  [
    'word number string raw_string ansi_c_string concatenation string_content " $ { }',
    'test_operator extglob_pattern unary_expression binary_expression parenthesized_expression',
    '= == != ! && || < > ( ) [ ] [[ ]]',
  ].flatMap((kinds) => kinds.split(' ')),
);

/** `[ … ]` and `[[ … ]]`, split into words apart from the grammar, whose expressions are not the shell's. */
export function readTest(reading: Reading, node: Tree): void {
  const holes = node.children.flatMap((child) => holesIn(reading, child, testParts));
  const words = splitTest(reading.text, node, holes);
  if (words === undefined) reading.doubt(`the test ${reading.written(node)} is not understood`);
  reading.add(node, { ...noParts(), words: [...(words ?? [])] });
}

const unknownWord: Word = { text: '…', start: '', isMany: false, isPlain: false };

/** `for name in words; do …; done` */
export function readFor(reading: Reading, node: Tree): void {
  const [keyword, variable, into, ...rest] = node.children;
  const body = rest.pop();
  const shape = [keyword, variable, into, body].map((one) => one?.kind ?? '').join(' ');
  if (shape !== 'for variable_name in do_group' || !variable || !body)
    return reading.doubt('a loop is not understood');
  const end = readHead(reading, node.children.slice(0, -1), body);
  const assignments = [{ name: reading.written(variable), value: unknownWord }];
  reading.add({ start: node.start, end }, { ...noParts(), assignments });
  reading.loops += 1;
  reading.block(body);
  reading.loops -= 1;
}

/** `for name in words;`; where it ends. */
function readHead(reading: Reading, nodes: readonly Tree[], body: Tree): number {
  const isClosed = nodes.at(-1)?.kind === ';';
  const head = isClosed ? nodes.slice(0, -1) : nodes;
  reading.sequence(head);
  for (const value of head.slice(3)) wordOf(reading, value);
  const end = head.at(-1)?.end ?? body.start;
  const close = isClosed ? (nodes.at(-1) ?? body) : body;
  const isEnded = reading.gap(end, close.start) || isClosed;
  reading.gap(isClosed ? close.end : body.start, body.start);
  if (!isEnded) reading.doubt('a loop is not understood');
  return end;
}

/** `case word in pattern) …;; esac` */
export function readCase(reading: Reading, node: Tree): void {
  const [keyword, value, into, ...items] = node.children;
  const last = items.pop();
  const shape = [keyword, into, last].map((one) => one?.kind ?? '').join(' ');
  if (shape !== 'case in esac' || !keyword || !value || !into || !last)
    return reading.doubt('a case is not understood');
  wordOf(reading, value);
  reading.sequence([keyword, value, into]);
  let at = into.end;
  for (const item of items) {
    reading.gap(at, item.start);
    readItem(reading, item);
    at = item.end;
  }
  reading.gap(at, last.start);
  // Reserved words stand by themselves.
  const before = [reading.text[into.end], reading.text[last.start - 1]];
  if (!before.every((mark) => /[ \t\n;]/.test(mark ?? '')))
    reading.doubt('a case is not understood');
}

function readItem(reading: Reading, { kind, children, start, end }: Tree): void {
  const close = kind === 'case_item' ? children.findIndex((one) => one.kind === ')') : -1;
  const head = children.slice(0, close + 1);
  if (close < 1) return reading.doubt('a case is not understood');
  let at = start;
  for (const part of head) {
    if (!blank.test(reading.text.slice(at, part.start))) reading.doubt('a case is not understood');
    if (part.isNamed) checkPattern(reading, part);
    else if (!['(', '|', ')'].includes(part.kind)) reading.doubt('a case is not understood');
    at = part.end;
  }
  const body = children.slice(close + 1);
  const isEnded = body.at(-1)?.kind === ';;';
  const until = isEnded ? (body.at(-1)?.start ?? end) : end;
  const statements = isEnded ? body.slice(0, -1) : body;
  reading.block({ kind: 'program', isNamed: true, start: at, end: until, children: statements });
}
