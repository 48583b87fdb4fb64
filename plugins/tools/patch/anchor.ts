import { findRuns, firstsFrom, plainLine } from './match.ts';
import type { LineIndex } from './match.ts';

/** Where a chunk's anchors stand. */
export interface AnchorSearch {
  /** The lines where the last anchor may stand, ascending and counted from 0; empty when an anchor is missing. */
  readonly found: readonly number[];
  /** The first anchor that is not there. */
  readonly missing?: string;
}

/**
 * Finds anchors (at least one), each below the one before: from `cursor` on or, when they are not all there, in the
 * whole file, since two chunks may name the same class. Beyond the passes for lines, an anchor may be the beginning of
 * a line and, failing that, a part of it: models write `class A` for `class A(Base):`.
 */
export function findAnchors(
  index: LineIndex,
  anchors: readonly string[],
  cursor: number,
): AnchorSearch {
  const search = searchFrom(index, anchors, cursor);
  return search.missing === undefined || cursor === 0 ? search : searchFrom(index, anchors, 0);
}

function searchFrom(index: LineIndex, anchors: readonly string[], from: number): AnchorSearch {
  let found: readonly number[] | undefined;
  for (const anchor of anchors) {
    const above = found;
    const below = (starts: readonly number[]) =>
      above === undefined
        ? starts.filter((start) => start >= from)
        : firstsFrom(
            starts,
            above.map((line) => line + 1),
          );
    found = findAnchor(index, anchor, below);
    if (found.length === 0) return { found, missing: anchor };
  }
  return { found: found ?? [] };
}

function findAnchor(
  index: LineIndex,
  anchor: string,
  select: (starts: readonly number[]) => readonly number[],
): readonly number[] {
  const whole = findRuns(index, [anchor], select);
  if (whole.length > 0) return whole;
  const part = partPattern(plainLine(anchor));
  const offsets = index.lines.map((line) => plainLine(line).search(part));
  const beginnings = select(linesWhere(offsets, (offset) => offset === 0));
  return beginnings.length > 0 ? beginnings : select(linesWhere(offsets, (offset) => offset > 0));
}

/** Matches the text where it neither begins nor ends inside a word: `class A` is no part of `class Abc`. */
function partPattern(text: string): RegExp {
  const before = /^[\p{L}\p{N}_]/u.test(text) ? String.raw`(?<![\p{L}\p{N}_])` : '';
  const after = /[\p{L}\p{N}_]$/u.test(text) ? String.raw`(?![\p{L}\p{N}_])` : '';
  return RegExp(before + RegExp.escape(text) + after, 'u');
}

function linesWhere(
  offsets: readonly number[],
  holds: (offset: number) => boolean,
): readonly number[] {
  return offsets.flatMap((offset, line) => (holds(offset) ? [line] : []));
}
