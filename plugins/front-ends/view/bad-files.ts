/** Files that are left out, for people. */

import { shown, type Style } from '../terminal/style.ts';

/** A file, the line of its fault, and what that is. */
export interface BadFile {
  readonly path: string;
  readonly line: number;
  readonly reason: string;
}

/** A line for each: file, line, reason. */
export function badFileLines(faults: readonly BadFile[], style: Style): readonly string[] {
  return faults.map(({ path, line, reason }) =>
    style.red(`left out: ${shown(`${path}:${line}: ${reason}`)}`),
  );
}
