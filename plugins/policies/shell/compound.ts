/** Loops over words, cases and tests. */

import { blank, noParts, type Reading } from './reading.ts';
import type { Word } from './script.ts';
import { splitTest } from './test-words.ts';
import type { Tree } from './tree.ts';
import { checkPattern, holesIn, wordInto, wordOf } from './word-node.ts';

const testParts: ReadonlySet<string> = new Set([
  ...['word', 'number', 'string', 'raw_string', 'ansi_c_string', 'concatenation'],
  ...['string_content', '"', '$', '{', '}', 'test_operator', 'extglob_pattern'],
  ...['unary_expression', 'binary_expression', 'parenthesized_expression'],
  ...['=', '==', '!=', '!', '&&', '||', '<', '>', '(', ')', '[', ']', '[[', ']]'],
]);

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
  const isShaped = keyword?.kind === 'for' && variable?.kind === 'variable_name';
  if (!isShaped || into?.kind !== 'in' || body?.kind !== 'do_group')
    return void reading.doubt('a loop is not understood');
  const end = rest.at(-1)?.kind === ';' ? rest.pop() : undefined;
  reading.sequence([keyword, variable, into, ...rest]);
  const words: Word[] = [];
  for (const value of rest) wordInto(reading, value, words);
  const last = rest.at(-1) ?? into;
  reading.gap(last.end, end?.start ?? last.end);
  const isEnded = reading.gap(end?.end ?? last.end, body.start);
  if (end === undefined && !isEnded) reading.doubt('a loop is not understood');
  const assignments = [{ name: reading.written(variable), value: unknownWord }];
  reading.add({ start: node.start, end: last.end }, { ...noParts(), assignments });
  reading.loops += 1;
  reading.block(body);
  reading.loops -= 1;
}

/** `case word in pattern) …;; esac` */
export function readCase(reading: Reading, node: Tree): void {
  const [keyword, value, into, ...items] = node.children;
  const last = items.pop();
  const isShaped = keyword?.kind === 'case' && into?.kind === 'in' && last?.kind === 'esac';
  if (!isShaped || value === undefined) return void reading.doubt('a case is not understood');
  wordOf(reading, value);
  reading.sequence([keyword, value, into]);
  let at = into.end;
  for (const item of items) {
    const isApart = reading.gap(at, item.start) || /[ \t]/.test(reading.text.slice(at, item.start));
    if (at === into.end && !isApart) reading.doubt('a case is not understood');
    if (item.kind === 'case_item') readItem(reading, item);
    else reading.doubt(`${item.kind} is not understood in a case`);
    at = item.end;
  }
  const isApart = reading.gap(at, last.start) || /[ \t;]/.test(reading.text[last.start - 1] ?? '');
  if (!isApart) reading.doubt('a case is not understood');
}

function readItem(reading: Reading, { children, start, end }: Tree): void {
  const close = children.findIndex(({ kind }) => kind === ')');
  const head = children.slice(0, close + 1);
  if (close < 1) return void reading.doubt('a case is not understood');
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
