/** Redirections, here-strings and here-documents. */

import { hereText } from './here-document.ts';
import { blank, type Parts, type Reading } from './reading.ts';
import type { Redirect, Word } from './script.ts';
import type { Tree } from './tree.ts';
import { isHereText, type Span } from './words.ts';
import { holesIn, wordInto, wordOf } from './word-node.ts';

const kinds: Readonly<Record<string, Redirect['kind']>> = {
  '<': 'read',
  '>': 'write',
  '>>': 'write',
  '>|': 'write',
  '&>': 'write',
  '&>>': 'write',
  '>&': 'write',
  '<&': 'copy',
  '>&-': 'copy',
  '<&-': 'copy',
};

/** `2>file`. What the grammar takes for further files is, to the shell, further arguments. */
export function readRedirect(reading: Reading, node: Tree, { words, redirects }: Parts): void {
  const { sign, rest } = withoutDescriptor(reading, node);
  if (sign === undefined || !Object.hasOwn(kinds, sign.kind)) return doubt(reading);
  reading.checkDialect(sign.kind);
  reading.sequence(rest);
  if (!blank.test(reading.text.slice(sign.end, rest[0]?.start ?? sign.end))) doubt(reading);
  const [target, ...others] = rest;
  const isClosed = sign.kind.endsWith('-');
  if (isClosed) redirects.push({ kind: 'copy' });
  else if (target === undefined) doubt(reading);
  else redirectInto(reading, { target, sign: sign.kind }, redirects);
  for (const argument of isClosed ? rest : others) wordInto(reading, argument, words);
}

function redirectInto(
  reading: Reading,
  { target, sign }: { readonly target: Tree; readonly sign: string },
  redirects: Redirect[],
): void {
  const word = wordOf(reading, target);
  if (word !== undefined) redirects.push(redirectTo(reading, word, sign));
}

function redirectTo(reading: Reading, target: Word, sign: string): Redirect {
  const isCopy = sign.endsWith('&') && /^(?:\d+|-)$/.test(target.value ?? '');
  if (isCopy) return { kind: 'copy' };
  // A shell may split what follows (`>& -r` closes and runs `r`), or take its quotes away twice.
  const isFile = sign === '>&' ? target.isPlain && /^[^\d-]/.test(target.start) : sign !== '<&';
  if (!isFile) reading.doubt(`the descriptor ${target.text} is not understood`);
  return { kind: kinds[sign] ?? 'write', target };
}

function withoutDescriptor(reading: Reading, { children }: Tree) {
  const [first, ...others] = children;
  if (first?.kind !== 'file_descriptor') return { sign: first, rest: others };
  const [sign, ...rest] = others;
  const before = reading.text[first.start - 1] ?? ' ';
  const isNumber = /^\d+$/.test(reading.written(first)) && /[ \t\n;&|()<>`]/.test(before);
  if (first.end !== sign?.start || !isNumber) doubt(reading);
  return { sign, rest };
}

function doubt(reading: Reading): void {
  reading.doubt('a redirection is not understood');
}

/** `<<<word` */
export function readHereString(reading: Reading, node: Tree, { redirects }: Parts): void {
  const { sign, rest } = withoutDescriptor(reading, node);
  const [value, ...more] = rest;
  reading.checkDialect(node.kind);
  if (sign?.kind !== '<<<' || value === undefined || more.length > 0) return doubt(reading);
  if (!blank.test(reading.text.slice(sign.end, value.start))) doubt(reading);
  if (wordOf(reading, value) !== undefined) redirects.push({ kind: 'text' });
}

/**
 * `<<END`, with what else stands on its line: `readPart` reads words and redirections; commands that follow are
 * statements.
 */
export function readHereDocument(
  reading: Reading,
  node: Tree,
  { redirects }: Parts,
  readPart: (node: Tree) => void,
): void {
  const { sign, rest } = withoutDescriptor(reading, node);
  const [start, ...others] = rest;
  const [body, end] = others.splice(-2);
  const shape = [sign, start, body, end].map((one) => one?.kind ?? '').join(' ');
  const isShaped = /^<<-? heredoc_start heredoc_body heredoc_end$/.test(shape);
  if (!isShaped || !sign || !start || !body || !end) return doubt(reading);
  const found = hereText({ start, body, end, isIndented: sign.kind === '<<-' }, reading.text);
  const line = reading.text.indexOf('\n', start.end);
  if (found === undefined || start.start !== sign.end || reading.hereLines.has(line))
    return reading.doubt('a here-document is not understood');
  reading.hereLines.add(line);
  redirects.push({ kind: 'text' });
  if (!found.isRaw) checkExpanded(reading, body, found);
  readRest(reading, others, { from: start.end, until: line, readPart });
}

function checkExpanded(reading: Reading, { children }: Tree, span: Span): void {
  const expanded = children.filter(({ kind }) => kind !== 'heredoc_content');
  const holes = expanded.flatMap((child) => holesIn(reading, child, new Set()));
  if (!isHereText(reading.text, span, holes))
    reading.doubt('the text of a here-document is not understood');
}

interface Rest {
  readonly from: number;
  readonly until: number;
  readonly readPart: (node: Tree) => void;
}

const wordLike =
  /^(?:word|number|string|raw_string|ansi_c_string|concatenation|\w*expansion|\w*substitution|\w+_redirect)$/;

function readRest(reading: Reading, nodes: readonly Tree[], { from, until, readPart }: Rest): void {
  let at = from;
  for (const node of nodes) {
    const isInLine = blank.test(reading.text.slice(at, node.start)) && node.end <= until;
    if (!isInLine) reading.doubt('a here-document is not understood');
    at = node.end;
    if (node.kind === 'pipeline') readFollowers(reading, node.children);
    else if (wordLike.test(node.kind)) readPart(node);
    else if (node.isNamed) reading.statement(node);
    else if (node.kind !== '&&' && node.kind !== '||') doubt(reading);
  }
  if (!blank.test(reading.text.slice(at, until)))
    reading.doubt('a here-document is not understood');
}

/** `| command` */
function readFollowers(reading: Reading, nodes: readonly Tree[]): void {
  let at = nodes[0]?.start ?? 0;
  for (const node of nodes) {
    reading.gap(at, node.start);
    at = node.end;
    if (node.isNamed) reading.statement(node);
    else if (node.kind !== '|' && node.kind !== '|&') doubt(reading);
  }
}
