/** From nodes to words, with the commands that are substituted in them. */

import { readExpansion } from './expansions.ts';
import type { Reading } from './reading.ts';
import type { Word } from './script.ts';
import type { Tree } from './tree.ts';
import { type Hole, readWord } from './words.ts';

const lookups = new Set(['simple_expansion', 'expansion', 'arithmetic_expansion']);
const substitutions = new Set(['command_substitution', 'process_substitution']);
const wordParts: ReadonlySet<string> = new Set(
  [
    'word number string raw_string ansi_c_string concatenation string_content brace_expression',
    '" $ { } .. == =~ test_operator',
  ].flatMap((kinds) => kinds.split(' ')),
);
/** Nodes that stand for the words in them. */
const wrappers = new Set(['command_name', 'variable_name', 'variable_assignment']);
const assignmentParts = new Set(['variable_name', '=', '+=', ...wordParts]);

/** The word of a node. */
export function wordOf(reading: Reading, node: Tree): Word | undefined {
  const { kind, isNamed, children } = node;
  const isKeyword = !isNamed && /^[a-z]+$/.test(kind);
  const parts = wrappers.has(kind) ? children : isKeyword ? [] : [node];
  const holes = parts.flatMap((part) =>
    holesIn(reading, part, kind === 'variable_assignment' ? assignmentParts : wordParts),
  );
  const word = readWord(reading.text, node, holes);
  return word ?? reading.doubt(`the word ${reading.written(node)} is not understood`);
}

/** The same, into a list. */
export function wordInto(reading: Reading, node: Tree, words: Word[]): void {
  const word = wordOf(reading, node);
  if (word !== undefined) words.push(word);
}

/** A pattern of `case`. */
export function checkPattern(reading: Reading, node: Tree): void {
  const holes = holesIn(reading, node, new Set([...wordParts, 'extglob_pattern']));
  const word = readWord(reading.text, node, holes);
  if (word === undefined || word.text === 'esac') reading.doubt('a pattern is not understood');
}

/** What is expanded in a node, whose other parts must be `known`; substituted commands are read. */
export function holesIn(
  reading: Reading,
  node: Tree,
  known: ReadonlySet<string> = wordParts,
): readonly Hole[] {
  const { kind, start, end } = node;
  reading.checkDialect(kind);
  if (substitutions.has(kind)) {
    if (reading.text[start] === '`') checkBackquotes(reading, node);
    reading.block(node);
    return [{ start, end, isMany: false }];
  }
  if (lookups.has(kind)) {
    const hole = readExpansion(node, reading.text);
    if (hole === undefined) reading.doubt(`${reading.written(node)} is not understood`);
    return hole === undefined ? [] : [hole];
  }
  if (!known.has(kind)) reading.doubt(`${kind} is not understood in a word`);
  return node.children.flatMap((child) => holesIn(reading, child, known));
}

/** Within them, escapes have a meaning of their own. */
function checkBackquotes(reading: Reading, node: Tree): void {
  const text = reading.written(node).slice(1, -1);
  if (/[\\`"#]|<</.test(text)) reading.doubt('what stands in backquotes is not understood');
}
