/** What of a window stays as it is and what goes, where one text is to stand for the rest. */

import type { CompactionJob } from '../../../core/index.ts';
import { isLoose, type Unit } from './units.ts';

/** What stays, what goes, and the tokens that are left for what stands in its place. */
export interface Split {
  readonly gone: ReadonlySet<Unit>;
  /** Where the newest answers begin: the place of their first part. */
  readonly tailStart: number;
  readonly room: number;
}

/** Tokens that may stay beside pins; absent: 40 % and 20 % of what pins leave of the target. */
export interface SplitOptions {
  readonly tailTokens?: number;
  readonly userTokens?: number;
}

/** Pins stay, so do the newest answers and what the user said, as far as there is room. */
export function splitFor(
  units: readonly Unit[],
  { parts, target }: Pick<CompactionJob, 'parts' | 'target'>,
  options: SplitOptions = {},
): Split {
  const loose = units.filter(isLoose);
  const pinnedTokens = units.reduce((sum, unit) => sum + (isLoose(unit) ? 0 : unit.tokens), 0);
  const left = Math.max(0, target - pinnedTokens);
  const tail = tailOf(units, options.tailTokens ?? left * 0.4);
  const kept = new Set([...tail, ...wordsOf(loose, options.userTokens ?? left * 0.2)]);
  const gone = new Set(loose.filter((unit) => !kept.has(unit)));
  const keptTokens = [...kept].reduce((sum, unit) => sum + (isLoose(unit) ? unit.tokens : 0), 0);
  const tailStart = Math.min(parts.length, ...tail.flatMap((unit) => unit.at));
  return { gone, tailStart, room: Math.max(0, left - keptTokens) };
}

/** The newest blocks, whole, that fit together; fragments of earlier compactions do not count as new. */
function tailOf(units: readonly Unit[], tokens: number): readonly Unit[] {
  const tail: Unit[] = [];
  let left = tokens;
  for (const block of [...Map.groupBy(units, (unit) => unit.block).values()].toReversed()) {
    if (block.some((unit) => unit.kind === 'fragment' && isLoose(unit))) continue;
    left -= block.reduce((sum, unit) => sum + (isLoose(unit) ? unit.tokens : 0), 0);
    if (left < 0) break;
    tail.push(...block);
  }
  return tail;
}

/** What the user said, the newest first. */
function wordsOf(loose: readonly Unit[], tokens: number): readonly Unit[] {
  let left = tokens;
  return loose
    .filter((unit) => unit.kind === 'user')
    .toReversed()
    .filter((unit) => {
      left -= unit.tokens;
      return left >= 0;
    });
}
