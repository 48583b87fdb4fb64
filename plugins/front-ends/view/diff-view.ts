/** Patches as short diffs. */

import { relative, isAbsolute } from 'node:path';

import type { Style } from '../terminal/style.ts';
import { shown } from '../terminal/style.ts';
import type { Change } from './call-view.ts';

const letters = { add: 'A', delete: 'D', update: 'M', move: 'R' } as const;

/** How to show changes: paths from `cwd`, at most `maxLines` of each diff. */
export interface DiffOptions {
  readonly style: Style;
  readonly cwd: string;
  readonly maxLines: number;
}

/** A line for the file and the hunks of its diff, indented. */
export function diffLines(change: Change, options: DiffOptions): readonly string[] {
  const { style, cwd, maxLines } = options;
  const to = change.to === undefined ? '' : ` -> ${shownPath(change.to, cwd)}`;
  const body = (change.diff ?? '').split('\n');
  const hunks = body
    .slice(
      Math.max(
        0,
        body.findIndex((one) => one.startsWith('@@')),
      ),
    )
    .filter((one) => one !== '');
  const lines = change.diff?.includes('\n@@') === true ? hunks : [];
  const counts = lines.length === 0 ? '' : ` ${countsOf(lines, style)}`;
  const rest = lines.length - maxLines;
  return [
    `${style.bold(letters[change.kind])} ${shownPath(change.path, cwd)}${to}${counts}`,
    ...lines.slice(0, maxLines).map((one) => `  ${colour(shown(one), style)}`),
    ...(rest > 0 ? [style.dim(`  ... ${rest} more lines`)] : []),
  ];
}

/** A path as seen from a folder when it lies in it. */
function shownPath(path: string, cwd: string): string {
  const way = isAbsolute(path) ? relative(cwd, path) : path;
  return shown(way === '' || way.startsWith('..') ? path : way);
}

function countsOf(lines: readonly string[], style: Style): string {
  const added = lines.filter((one) => one.startsWith('+')).length;
  const removed = lines.filter((one) => one.startsWith('-')).length;
  return `${style.green(`+${added}`)} ${style.red(`-${removed}`)}`;
}

/** A whole diff, its lines coloured. */
export function coloured(diff: string, style: Style): string {
  const lines = shown(diff).split('\n');
  return lines.map((one) => (/^(?:---|\+\+\+) /.test(one) ? one : colour(one, style))).join('\n');
}

function colour(one: string, style: Style): string {
  if (one.startsWith('+')) return style.green(one);
  if (one.startsWith('-')) return style.red(one);
  return one.startsWith('@@') ? style.dim(one) : one;
}
