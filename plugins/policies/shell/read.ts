/**
 * Reads the tree of a command. Whatever the grammar says is checked against the text: each word by the shell's quoting
 * rules, each gap between words, each here-document. What does not agree, and each kind of node that is not in the
 * tables of these files, makes the command unknown.
 */

import { readAssignments, readCommand, readRedirected } from './command-node.ts';
import { readCase, readFor, readTest } from './compound.ts';
import { type Readers, Reading, type ReadOptions } from './reading.ts';
import type { Script } from './script.ts';
import type { Tree } from './tree.ts';

/** The commands of a text, without those that they run. */
export function readTree(tree: Tree, text: string, options: ReadOptions): Script {
  const reading = new Reading(text, readers, options);
  // The grammar leaves out what it skips at both ends.
  if (tree.kind === 'program') readBlock(reading, { ...tree, start: 0, end: text.length });
  else reading.doubt(`${tree.kind} is not understood`);
  const segments = reading.segments.toSorted((a, b) => a.at - b.at);
  return reading.unknown === undefined ? { segments } : { segments, unknown: reading.unknown };
}

/** Tokens that may stand between the statements of a node. */
const blocks: Readonly<Record<string, readonly string[]>> = {
  program: [';', '&'],
  subshell: ['(', ')', ';', '&'],
  compound_statement: ['{', '}', ';', '&'],
  do_group: ['do', 'done', ';', '&'],
  if_statement: ['if', 'then', 'fi', ';', '&'],
  elif_clause: ['elif', 'then', ';', '&'],
  else_clause: ['else', ';', '&'],
  while_statement: ['while', 'until', ';', '&'],
  pipeline: ['|', '|&'],
  list: ['&&', '||'],
  negated_command: ['!'],
  command_substitution: ['$(', ')', '`', ';', '&'],
  process_substitution: ['<(', '>(', ')', ';', '&'],
};
/** Parts of a statement that are blocks of their own. */
const inner = new Set(['do_group', 'elif_clause', 'else_clause']);
/** Tokens that count only where a statement could begin. */
const closing = new Set(['then', 'do', 'done', 'fi', 'else', 'elif', '}']);

const statements: Readonly<Record<string, (reading: Reading, node: Tree) => void>> = {
  command: readCommand,
  unset_command: readCommand,
  declaration_command: readCommand,
  variable_assignment: readAssignments,
  variable_assignments: readAssignments,
  test_command: readTest,
  redirected_statement: readRedirected,
  for_statement: readFor,
  case_statement: readCase,
  // `$(<file)`
  file_redirect: (reading, node) => readCommand(reading, { ...node, children: [node] }),
};

const readers: Readers = {
  block: (reading, node) => void readBlock(reading, node),
  statement: (reading, node) => {
    const read = Object.hasOwn(statements, node.kind) ? statements[node.kind] : undefined;
    if (read === undefined) readBlock(reading, node);
    else read(reading, node);
  },
};

/** Statements, and the tokens between them; tells whether another statement might follow at once. */
function readBlock(reading: Reading, node: Tree): boolean {
  const tokens = Object.hasOwn(blocks, node.kind) ? blocks[node.kind] : undefined;
  if (tokens === undefined) {
    reading.doubt(`${node.kind} is not understood`);
    return false;
  }
  const isLoop = node.kind === 'while_statement';
  if (isLoop) reading.loops += 1;
  let isSeparate = true;
  let at = node.start;
  for (const child of node.children) {
    isSeparate = reading.gap(at, child.start) || isSeparate;
    isSeparate = readBlockPart(reading, child, { tokens, isSeparate });
    at = child.end;
  }
  if (isLoop) reading.loops -= 1;
  return reading.gap(at, node.end) || isSeparate;
}

interface Expected {
  readonly tokens: readonly string[];
  /** Whether a statement may begin here. */
  readonly isSeparate: boolean;
}

/** Whether another statement may follow at once. */
function readBlockPart(reading: Reading, child: Tree, { tokens, isSeparate }: Expected): boolean {
  if (!child.isNamed) {
    if (!tokens.includes(child.kind)) reading.doubt(`"${child.kind}" is not understood here`);
    checkToken(reading, child, isSeparate);
    return true;
  }
  if (child.kind === 'comment') {
    if (!isComment(reading, child)) reading.doubt('a comment is not surely one');
    return isSeparate;
  }
  if (!isSeparate) reading.doubt(`it is not clear where "${reading.written(child)}" begins`);
  if (inner.has(child.kind)) return readBlock(reading, child);
  reading.statement(child);
  return false;
}

/** A reserved word must stand by itself, and where the shell looks for one. */
function checkToken(reading: Reading, { kind, start, end }: Tree, isSeparate: boolean): void {
  reading.checkDialect(kind);
  if (!/^(?:[a-z]+|[{}!])$/.test(kind)) return;
  const around = [reading.text[start - 1], reading.text[end]];
  const isAlone = around.every((mark) => mark === undefined || /[ \t\n;&|()<>`]/.test(mark));
  if (!isAlone || (closing.has(kind) && !isSeparate)) reading.doubt(`"${kind}" is not surely one`);
}

/** From where a word could begin up to the end of the line. */
function isComment(reading: Reading, { start, end }: Tree): boolean {
  const before = reading.text[start - 1];
  const after = reading.text[end];
  const isAtStart = before === undefined || /[ \t\n;&|()]/.test(before);
  const isToLineEnd = after === undefined || after === '\n';
  return isAtStart && isToLineEnd && !reading.text.slice(start, end).includes('`');
}
