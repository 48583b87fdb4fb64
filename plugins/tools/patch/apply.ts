import { commonEnding, joinLines, splitLines } from './file-lines.ts';
import type { Ending, FileLine } from './file-lines.ts';
import { success } from './patch.ts';
import type { Chunk, Outcome } from './patch.ts';
import { placeChunks } from './place.ts';
import type { Placement } from './place.ts';

/**
 * Applies the chunks of one update to a file's text: all of them, or a failure (`not-found`, `ambiguous`).
 *
 * Lines match exactly, else without trailing whitespace, else without surrounding whitespace, else with Unicode's
 * punctuation read as ASCII; the strictest that matches counts. Lines that stay keep the file's bytes. An added line
 * ends like the line above it in the file, else the one below, else like most lines. A byte order mark and a missing
 * final newline stay; what is added to an empty file ends in LF.
 */
export function applyUpdate(original: string, chunks: readonly Chunk[]): Outcome<string> {
  const file = splitLines(original);
  const placed = placeChunks(
    file.lines.map((line) => line.text),
    chunks,
  );
  if (!placed.ok) return placed;
  return success(joinLines({ mark: file.mark, lines: rebuild(file.lines, placed.value) }));
}

function rebuild(
  lines: readonly FileLine[],
  placements: readonly Placement[],
): readonly FileLine[] {
  const common = commonEnding(lines);
  const result: FileLine[] = [];
  let next = 0;
  const keepUntil = (end: number) => {
    for (; next < end; next++) result.push(lines[next] ?? { text: '', ending: common });
  };
  for (const { start, lines: changes } of placements) {
    keepUntil(start);
    for (const { op, text } of changes) {
      if (op === ' ') keepUntil(next + 1);
      else if (op === '-') next++;
      else result.push({ text, ending: endingAt(lines, next, common) });
    }
  }
  keepUntil(lines.length);
  return closeLast(result, lines.at(-1)?.ending === '', common);
}

function endingAt(lines: readonly FileLine[], at: number, common: Ending): Ending {
  return (lines[at - 1]?.ending ?? '') || (lines[at]?.ending ?? '') || common;
}

/** Only the last line may lack an ending, and does so when the last one of the original did. */
function closeLast(lines: readonly FileLine[], open: boolean, common: Ending): readonly FileLine[] {
  return lines.map((line, at) => {
    if (open && at === lines.length - 1) return { ...line, ending: '' };
    return line.ending === '' ? { ...line, ending: common } : line;
  });
}
