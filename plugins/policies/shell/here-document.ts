/** Here-documents: where the text begins and ends is found apart from the grammar, which must agree. */

import type { Tree } from './tree.ts';
import type { Span } from './words.ts';

/** A here-document as the grammar sees it. */
export interface HereDocument {
  /** The delimiter as it is written. */
  readonly start: Tree;
  readonly body: Tree;
  readonly end: Tree;
  /** Whether it is `<<-`, which takes leading tabs away. */
  readonly isIndented: boolean;
}

/** Its text and whether that is taken as it is; `undefined` when it is not surely where the grammar sees it. */
export function hereText(
  { start, body, end, isIndented }: HereDocument,
  text: string,
): (Span & { readonly isRaw: boolean }) | undefined {
  const named = readDelimiter(text.slice(start.start, start.end));
  const from = text.indexOf('\n', start.end) + 1;
  if (named === undefined || from === 0 || text[from - 2] === '\\') return undefined;
  const { delimiter, isRaw } = named;
  const last = lastLine(text, from, isIndented ? `\t*${delimiter}` : delimiter);
  if (last === undefined || end.end !== last.end || end.start < last.start) return undefined;
  if (text.slice(end.start, end.end).trim() !== delimiter) return undefined;
  const isInside = ({ start: first, end: next }: Tree) => first >= from && next <= last.start;
  return body.children.every(isInside) ? { start: from, end: last.start, isRaw } : undefined;
}

function readDelimiter(written: string) {
  const [, plain, single, double] = /^(?:(\w+)|'(\w+)'|"(\w+)")$/.exec(written) ?? [];
  const delimiter = plain ?? single ?? double;
  return delimiter === undefined ? undefined : { delimiter, isRaw: plain === undefined };
}

/** The first line from an offset on that matches as a whole. */
function lastLine(text: string, from: number, pattern: string): Span | undefined {
  const line = new RegExp(`^${pattern}$`, 'gm');
  line.lastIndex = from;
  const found = line.exec(text);
  return found === null ? undefined : { start: found.index, end: found.index + found[0].length };
}
