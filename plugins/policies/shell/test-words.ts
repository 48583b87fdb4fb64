/** The words of `[ … ]` and `[[ … ]]`. */

import { literalWord, type Word } from './script.ts';
import { type Hole, readWord, type Span } from './words.ts';

const operators = new Set(['&&', '||', '!', '(', ')', '<', '>']);
/** These take names or numbers and evaluate what is in them. */
const evaluating = /^-(?:v|R|eq|ne|lt|le|gt|ge)$/;

/** Words and operators, apart by blanks; `undefined` when it is not surely these. */
export function splitTest(
  text: string,
  { start, end }: Span,
  holes: readonly Hole[],
): readonly Word[] | undefined {
  const isDouble = text.startsWith('[[', start);
  const [open, close] = isDouble ? ['[[', ']]'] : ['[', ']'];
  const spans = spansOf(text, { start: start + open.length, end: end - close.length }, holes);
  const isWhole = text.startsWith(open, start) && text.slice(end - close.length, end) === close;
  if (!isWhole || spans === undefined || spans.length === 0) return undefined;
  const words = spans.map((span) => {
    const written = text.slice(span.start, span.end);
    if (isDouble && operators.has(written)) return literalWord(written);
    return readWord(text, span, holes);
  });
  const known = words.filter((word) => word !== undefined);
  if (known.length < words.length || (isDouble && !isPlainTest(known))) return undefined;
  return [literalWord(open), ...known, literalWord(close)];
}

/** Whether nothing is evaluated but numbers. */
function isPlainTest(words: readonly Word[]): boolean {
  const isEvaluating = words.some(({ text }) => evaluating.test(text));
  return !isEvaluating || words.every(({ value }) => value !== undefined && !value.includes('['));
}

/** What stands between blanks that are not in quotes or expansions; there must be some at both ends. */
function spansOf(text: string, { start, end }: Span, holes: readonly Hole[]): Span[] | undefined {
  const blanks = /[ \t]/;
  if (!blanks.test(text[start] ?? '') || !blanks.test(text[end - 1] ?? '')) return undefined;
  const spans: Span[] = [];
  let from: number | undefined;
  let at = start;
  while (at < end) {
    if (blanks.test(text[at] ?? '')) {
      if (from !== undefined) spans.push({ start: from, end: at });
      from = undefined;
      at += 1;
      continue;
    }
    from ??= at;
    at = afterPart(text, at, holes);
  }
  return from === undefined ? spans : undefined;
}

/** Past a quoted text, an expansion, an escape, or one character. */
function afterPart(text: string, at: number, holes: readonly Hole[]): number {
  const hole = holes.find(({ start }) => start === at);
  if (hole !== undefined) return hole.end;
  if (text[at] === "'") return Math.max(text.indexOf("'", at + 1) + 1, at + 1);
  if (text[at] === '\\') return at + 2;
  if (text[at] !== '"') return at + 1;
  let next = at + 1;
  while (next < text.length && text[next] !== '"') {
    const inner = holes.find(({ start }) => start === next);
    next = inner?.end ?? next + (text[next] === '\\' ? 2 : 1);
  }
  return next + 1;
}
