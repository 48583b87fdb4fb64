/** Simple commands: variables that are set, words, redirections. */

import { noParts, type Parts, type Reading } from './reading.ts';
import { readHereDocument, readHereString, readRedirect } from './redirects.ts';
import type { Word } from './script.ts';
import type { Tree } from './tree.ts';
import { wordInto, wordOf } from './word-node.ts';

/** A command; `redirects` are those that the grammar keeps apart from it. */
export function readCommand(reading: Reading, node: Tree, redirects: readonly Tree[] = []): void {
  const parts = noParts();
  reading.sequence([...node.children, ...redirects], (child) => readPart(reading, child, parts));
  reading.add({ start: node.start, end: redirects.at(-1)?.end ?? node.end }, parts);
}

/** A variable that is set by itself. */
export function readAssignments(reading: Reading, node: Tree): void {
  const nodes = node.kind === 'variable_assignment' ? [node] : node.children;
  readCommand(reading, { ...node, children: nodes });
}

const simple = new Set(['command', 'declaration_command', 'unset_command']);

/** A statement with redirections. */
export function readRedirected(reading: Reading, { children, start, end }: Tree): void {
  const [body, ...redirects] = children;
  if (body === undefined) return reading.doubt('a redirection is not understood');
  if (simple.has(body.kind)) return readCommand(reading, body, redirects);
  const shape = { kind: 'command', isNamed: true, start, end };
  if (body.kind.endsWith('_redirect')) return readCommand(reading, { ...shape, children });
  reading.statement(body);
  const parts = noParts();
  const [first] = redirects;
  if (first === undefined || first.start < body.end)
    reading.doubt('a redirection is not understood');
  reading.gap(body.end, first?.start ?? end);
  reading.sequence(redirects, (child) => readPart(reading, child, parts));
  // To the shell they are arguments of the last command.
  if (parts.words.length > 0) reading.doubt('words after a redirection are not understood');
  reading.add({ start: first?.start ?? start, end }, parts);
}

function readPart(reading: Reading, child: Tree, parts: Parts): void {
  const { kind } = child;
  if (kind === 'variable_assignment' && parts.words.length === 0)
    readAssignment(reading, child, parts);
  else if (kind === 'file_redirect') readRedirect(reading, child, parts);
  else if (kind === 'herestring_redirect') readHereString(reading, child, parts);
  else if (kind === 'heredoc_redirect')
    readHereDocument(reading, child, parts, (node) => readPart(reading, node, parts));
  else wordInto(reading, child, parts.words);
}

const empty: Word = { text: '', value: '', start: '', isMany: false, isPlain: true };

function readAssignment(reading: Reading, node: Tree, { assignments }: Parts): void {
  const [name, sign, value, ...more] = node.children;
  const isShaped = name?.kind === 'variable_name' && more.length === 0;
  if (
    !isShaped ||
    !isJoined(node, [name, sign, value]) ||
    !/^[A-Za-z_]\w*$/.test(reading.written(name))
  )
    return reading.doubt(`the assignment ${reading.written(node)} is not understood`);
  const word = value === undefined ? empty : wordOf(reading, value);
  if (word !== undefined) assignments.push({ name: reading.written(name), value: word });
}

/** Whether name, sign and value stand together from the beginning of a node to its end. */
function isJoined(node: Tree, [name, sign, value]: readonly (Tree | undefined)[]): boolean {
  if (name === undefined || !/^\+?=$/.test(sign?.kind ?? '')) return false;
  const isBegun = node.start === name.start && name.end === sign?.start;
  return isBegun && (value?.start ?? sign.end) === sign.end && node.end === (value ?? sign).end;
}
