import { plainLine, plainPositions } from './match.ts';
import type { LineIndex } from './match.ts';

/** Of longer lines only so much is compared. */
const maxCompared = 200;

/** A line that stands more often than this says little about a place. */
const tooCommon = 200;

/**
 * The line, counted from 0, at which the wanted lines (at least one) would begin in the most similar place of the file:
 * where most of them agree, else by the longest of them; of equals the first at or after `cursor`. It may be negative
 * when the file lacks the first lines. Nothing when nothing is similar.
 */
export function nearestRun(
  index: LineIndex,
  wanted: readonly string[],
  cursor: number,
): number | undefined {
  const votes = countVotes(index, wanted);
  let best: number | undefined;
  let most = 0;
  for (const [start, count] of votes) {
    const closer = count === most && closeness(start, cursor) < closeness(best ?? start, cursor);
    if (count < most || (count === most && !closer)) continue;
    best = start;
    most = count;
  }
  if (best !== undefined) return best;
  const longest = wanted.reduce(
    (row, line, other) => (line.length > (wanted[row]?.length ?? 0) ? other : row),
    0,
  );
  const line = nearestLine(index.lines, wanted[longest] ?? '');
  return line === undefined ? undefined : line - longest;
}

function closeness(start: number, cursor: number): number {
  return start >= cursor ? start - cursor : Number.MAX_SAFE_INTEGER + start - cursor;
}

/** How many of the wanted lines agree with the file, for each place where they could begin. */
function countVotes(index: LineIndex, wanted: readonly string[]): ReadonlyMap<number, number> {
  const positions = plainPositions(index);
  const votes = new Map<number, number>();
  for (const [row, line] of wanted.entries()) {
    const key = plainLine(line);
    const places = positions.get(key) ?? [];
    if (key.length < 3 || places.length > tooCommon) continue;
    for (const place of places) votes.set(place - row, (votes.get(place - row) ?? 0) + 1);
  }
  return votes;
}

/** The line, counted from 0, most like the text, by pairs of characters; nothing when none shares half of them. */
export function nearestLine(lines: readonly string[], text: string): number | undefined {
  const wanted = pairs(plainLine(text));
  if (wanted.length === 0) return undefined;
  let best: number | undefined;
  let most = 0.5;
  for (const [row, line] of lines.entries()) {
    const likeness = share(wanted, pairs(plainLine(line)));
    if (likeness <= most) continue;
    best = row;
    most = likeness;
  }
  return best;
}

function pairs(text: string): readonly string[] {
  const length = Math.max(Math.min(text.length, maxCompared) - 1, 0);
  return Array.from({ length }, (_, at) => text.slice(at, at + 2));
}

/** Sørensen–Dice: twice what both have, by what they have together. */
function share(wanted: readonly string[], other: readonly string[]): number {
  const left = new Map<string, number>();
  for (const pair of wanted) left.set(pair, (left.get(pair) ?? 0) + 1);
  let both = 0;
  for (const pair of other) {
    const count = left.get(pair) ?? 0;
    if (count === 0) continue;
    left.set(pair, count - 1);
    both++;
  }
  return (2 * both) / (wanted.length + other.length);
}
