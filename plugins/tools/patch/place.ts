import { findAnchors } from './anchor.ts';
import { describeAmbiguous, describeMissing } from './explain.ts';
import { findRuns, firstsFrom, indexLines } from './match.ts';
import type { LineIndex } from './match.ts';
import { failure, success } from './patch.ts';
import type { Chunk, ChunkLine, Outcome } from './patch.ts';

/** Where a chunk goes. */
export interface Placement {
  /** The line of the file, counted from 0, at which the chunk's first line stands or is put in. */
  readonly start: number;
  /** The chunk's lines as they matched: empty context below them may have been left off. */
  readonly lines: readonly ChunkLine[];
}

/** Everywhere a chunk may go: `starts` ascend and are not empty, `height` is how many lines of the file it covers. */
interface Fit {
  readonly starts: readonly number[];
  readonly height: number;
  readonly lines: readonly ChunkLine[];
}

/**
 * Finds the one way to place the chunks on the lines in order, without overlap.
 *
 * A chunk with anchors goes to the first place that fits at or below them; one with `atEnd` goes to the end of the
 * file (blank lines may follow); one that only adds goes below its anchor, else to the end. A chunk that may go to
 * several places is settled by its neighbours when only one place lies between theirs. Fails with `not-found`, or with
 * `ambiguous` when more than one way is left.
 */
export function placeChunks(
  lines: readonly string[],
  chunks: readonly Chunk[],
): Outcome<readonly Placement[]> {
  const index = indexLines(lines);
  const fits: Fit[] = [];
  let cursor = 0;
  for (const [order, chunk] of chunks.entries()) {
    const fit = fitChunk(index, chunk, cursor);
    const first = fit?.starts[0];
    if (fit === undefined || first === undefined)
      return failure('not-found', describeMissing({ index, chunk, cursor, number: order + 1 }));
    fits.push(fit);
    cursor = first + fit.height;
  }
  return settle(lines, chunks, narrow(fits, lines.length));
}

/** Leaves each chunk the places that leave room for those below it. */
function narrow(fits: readonly Fit[], size: number): readonly Fit[] {
  let limit = size;
  return fits
    .toReversed()
    .map((fit) => {
      const starts = fit.starts.filter((start) => start + fit.height <= limit);
      limit = starts.at(-1) ?? limit;
      return { ...fit, starts };
    })
    .toReversed();
}

function settle(
  lines: readonly string[],
  chunks: readonly Chunk[],
  fits: readonly Fit[],
): Outcome<readonly Placement[]> {
  const placements: Placement[] = [];
  for (const [order, fit] of fits.entries()) {
    const [start, ...others] = fit.starts;
    const chunk = chunks[order];
    if (start === undefined || chunk === undefined) continue;
    if (others.length > 0)
      return failure(
        'ambiguous',
        describeAmbiguous({ lines, chunk, number: order + 1, starts: fit.starts }),
      );
    placements.push({ start, lines: fit.lines });
  }
  return success(placements);
}

function fitChunk(index: LineIndex, chunk: Chunk, cursor: number): Fit | undefined {
  const anchors =
    chunk.anchors.length === 0 ? undefined : findAnchors(index, chunk.anchors, cursor).found;
  if (anchors?.length === 0) return undefined;
  if (chunk.lines.every((line) => line.op === '+')) {
    const below = anchors?.map((line) => line + 1).filter((line) => line >= cursor);
    const starts = below === undefined || chunk.atEnd ? [index.lines.length] : below;
    return { starts, height: 0, lines: chunk.lines };
  }
  for (const lines of shapes(chunk.lines)) {
    const old = oldTexts(lines);
    const starts = findRuns(index, old, (runs) =>
      choose({ index, chunk, runs, height: old.length, cursor, anchors }),
    );
    if (starts.length > 0) return { starts, height: old.length, lines };
  }
  return undefined;
}

interface Choice {
  readonly index: LineIndex;
  readonly chunk: Chunk;
  readonly runs: readonly number[];
  readonly height: number;
  readonly cursor: number;
  readonly anchors: readonly number[] | undefined;
}

function choose({ index, chunk, runs, height, cursor, anchors }: Choice): readonly number[] {
  const froms = (anchors ?? [0]).map((anchor) => Math.max(anchor, cursor));
  if (!chunk.atEnd && anchors !== undefined) return firstsFrom(runs, froms);
  const below = runs.filter((start) => start >= (froms[0] ?? cursor));
  return chunk.atEnd
    ? below.slice(-1).filter((start) => endsFile(index.lines, start + height))
    : below;
}

function endsFile(lines: readonly string[], from: number): boolean {
  return lines.slice(from).every((line) => line.trim() === '');
}

/** The lines as given and, when these end in empty context, which often is mere spacing, without it. */
function shapes(lines: readonly ChunkLine[]): readonly (readonly ChunkLine[])[] {
  const last = lines.findLastIndex((line) => line.op !== ' ' || line.text !== '');
  const trimmed = lines.slice(0, last + 1);
  return trimmed.length === lines.length || oldTexts(trimmed).length === 0
    ? [lines]
    : [lines, trimmed];
}

/** What the chunk's lines are in the file before the change. */
function oldTexts(lines: readonly ChunkLine[]): readonly string[] {
  return lines.filter((line) => line.op !== '+').map((line) => line.text);
}
