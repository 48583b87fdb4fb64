import { findAnchors } from './anchor.ts';
import { findRuns, plainLine } from './match.ts';
import type { LineIndex } from './match.ts';
import { nearestLine, nearestRun } from './nearest.ts';
import { quote } from './patch.ts';
import type { Chunk } from './patch.ts';

/** A chunk that fits nowhere at or below `cursor`; `number` counts from 1. */
export interface Missing {
  readonly index: LineIndex;
  readonly chunk: Chunk;
  readonly cursor: number;
  readonly number: number;
}

/** A chunk that fits at each of `starts`. */
export interface Ambiguous {
  readonly lines: readonly string[];
  readonly chunk: Chunk;
  readonly number: number;
  readonly starts: readonly number[];
}

const shownPlaces = 5;

/** Says why a chunk has no place, where the most similar lines are, and what to do. Line numbers count from 1. */
export function describeMissing(missing: Missing): string {
  const { index, chunk, cursor } = missing;
  const label = name(missing.number, chunk);
  const anchors =
    chunk.anchors.length === 0 ? undefined : findAnchors(index, chunk.anchors, cursor);
  if (anchors?.missing !== undefined) return `${label}: ${describeAnchor(index, anchors.missing)}`;
  const old = textsOf(chunk, '-');
  const elsewhere =
    old.length === 0 ? (anchors?.found ?? []) : findRuns(index, old, (runs) => runs);
  const place = elsewhere[0];
  if (place !== undefined)
    return `${label}: ${describeElsewhere(missing, elsewhere, anchors?.found[0])}`;
  return `${label}: its lines are not in the file. ${describeNearest(index, old, cursor)}${describeDone(index, chunk)}`;
}

/** Says where a chunk fits, what stands above each place, and how to choose. Line numbers count from 1. */
export function describeAmbiguous({ lines, chunk, number, starts }: Ambiguous): string {
  const shown = starts
    .slice(0, shownPlaces)
    .map((start) => `line ${start + 1}${describeAbove(lines, start)}`);
  const more = starts.length > shownPlaces ? `, and ${starts.length - shownPlaces} more` : '';
  const anchor = chunk.anchors.length > 0 ? 'another line above it' : 'a line that stands above it';
  return (
    `${name(number, chunk)}: expected one place, but it fits ${starts.length} equally well: ${shown.join(', ')}${more}. ` +
    `Say which one: give more lines around the change, or name ${anchor} in a line "@@ …", class first, then method.`
  );
}

function name(number: number, chunk: Chunk): string {
  return `chunk ${number} (patch line ${chunk.patchLine})`;
}

function describeAnchor(index: LineIndex, anchor: string): string {
  const near = nearestLine(index.lines, anchor);
  const hint =
    near === undefined
      ? ''
      : ` The most similar is line ${near + 1}, ${quote(index.lines[near] ?? '')}.`;
  return `no line of the file is the anchor ${quote(anchor)}.${hint} Put a line of the file after "@@", or leave the anchor out.`;
}

function describeElsewhere(
  missing: Missing,
  places: readonly number[],
  anchor: number | undefined,
): string {
  const { chunk, cursor } = missing;
  const at = `its ${textsOf(chunk, '-').length === 0 ? 'anchor is' : 'lines are'} at line ${places
    .slice(0, shownPlaces)
    .map((start) => start + 1)
    .join(', ')}`;
  const last = places.at(-1) ?? 0;
  if (last < cursor)
    return `${at}, but the chunk before it reaches to line ${cursor}. Put the chunks in the order of the file and repeat no line of one in the next.`;
  if (anchor !== undefined && last < anchor)
    return `${at}, above its anchor ${quote(chunk.anchors.at(-1) ?? '')} (line ${anchor + 1}). Name an anchor that stands above the change.`;
  return `${at}, but "*** End of File" says they end the file, which has ${missing.index.lines.length} lines. Remove that marker, or give the last lines of the file.`;
}

function describeNearest(index: LineIndex, old: readonly string[], cursor: number): string {
  const start = nearestRun(index, old, cursor);
  if (start === undefined)
    return 'Nothing in the file is similar. Read the file again and send its lines as they are.';
  const offset = old.findIndex(
    (line, row) => plainLine(line) !== plainLine(index.lines[start + row] ?? '\0'),
  );
  const wanted = quote(old[offset] ?? '');
  const line = index.lines[start + offset];
  const has = line === undefined ? 'has no such line' : `has ${quote(line)}`;
  return `The most similar place begins at line ${Math.max(start, 0) + 1}; at line ${start + offset + 1} the patch expects ${wanted}, the file ${has}. Send the file's lines as they are.`;
}

/** A patch that is sent twice is the commonest reason for lines that are not there. */
function describeDone(index: LineIndex, chunk: Chunk): string {
  const done = textsOf(chunk, '+');
  if (done.length === 0 || !chunk.lines.some((line) => line.op === '+')) return '';
  const place = findRuns(index, done, (runs) => runs)[0];
  return place === undefined
    ? ''
    : ` What the chunk would make of them is already at line ${place + 1}: it may have been applied before.`;
}

function textsOf(chunk: Chunk, op: '+' | '-'): readonly string[] {
  return chunk.lines.filter((line) => line.op === ' ' || line.op === op).map((line) => line.text);
}

/** The lines under which a place stands, by indentation, outermost first: what could serve as its anchors. */
function describeAbove(lines: readonly string[], start: number): string {
  const above: string[] = [];
  let depth = indentOf(lines.slice(start).find((line) => line.trim() !== '') ?? '');
  for (let row = start - 1; row >= 0 && depth > 0 && above.length < 3; row--) {
    const line = lines[row] ?? '';
    if (line.trim() === '' || indentOf(line) >= depth) continue;
    depth = indentOf(line);
    above.unshift(line.trim());
  }
  if (above.length > 0) return ` (in ${above.map(quote).join(', ')})`;
  const before = lines.slice(0, start).findLast((line) => line.trim() !== '');
  return before === undefined ? ' (the beginning of the file)' : ` (after ${quote(before.trim())})`;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
