import { splitLines } from './file-lines.ts';
import type { Change } from './plan.ts';

/** Beyond so many changed lines the search for the smallest diff would take seconds. */
const maxEditLength = 2000;

/** Lines shown above and below what changes. */
const context = 3;

/**
 * The change as a unified diff with git's headers and three lines of context, as `git apply` takes it; line endings are
 * part of the lines. A very large change is shown as one block of removed and one of added lines. Loads `diff` when
 * first called.
 */
export async function unifiedDiff(change: Change): Promise<string> {
  const before = change.kind === 'add' ? '' : change.before;
  const after = change.kind === 'delete' ? '' : change.after;
  const header = headerLines(change);
  if (before === after) return header.map((line) => `${line}\n`).join('');
  const names = [...header, ...nameLines(change)];
  return names.map((line) => `${line}\n`).join('') + (await hunks(before, after));
}

function headerLines(change: Change): readonly string[] {
  const from = quotePath(`a/${change.path}`);
  const to = quotePath(`b/${change.kind === 'move' ? change.to : change.path}`);
  const git = `diff --git ${from} ${to}`;
  if (change.kind === 'add') return [git, 'new file mode 100644'];
  if (change.kind === 'delete') return [git, 'deleted file mode 100644'];
  if (change.kind === 'update') return [git];
  return [git, `rename from ${quotePath(change.path)}`, `rename to ${quotePath(change.to)}`];
}

function nameLines(change: Change): readonly string[] {
  const from = change.kind === 'add' ? '/dev/null' : quotePath(`a/${change.path}`);
  const to = change.kind === 'move' ? change.to : change.path;
  return [
    `--- ${spaced(from)}`,
    `+++ ${change.kind === 'delete' ? '/dev/null' : spaced(quotePath(`b/${to}`))}`,
  ];
}

/** Git ends a name that has a space in it with a tab, so that a date is not read into it. */
function spaced(name: string): string {
  return name.includes(' ') ? `${name}\t` : name;
}

/** Git's quoting of paths with control characters, quotes or backslashes. */
function quotePath(path: string): string {
  if (!/[\p{Cc}"\\]/u.test(path)) return path;
  const escaped = path.replaceAll(/["\\]/gu, String.raw`\$&`);
  return `"${escaped.replaceAll(/\p{Cc}/gu, (mark) => `\\${mark.charCodeAt(0).toString(8).padStart(3, '0')}`)}"`;
}

async function hunks(before: string, after: string): Promise<string> {
  const { structuredPatch } = await import('diff');
  const patch = structuredPatch('', '', before, after, '', '', { context, maxEditLength });
  if (patch === undefined) return oneHunk(diffLines(before), diffLines(after));
  return patch.hunks
    .map((hunk) => {
      const range = `@@ -${span(hunk.oldStart, hunk.oldLines)} +${span(hunk.newStart, hunk.newLines)} @@`;
      return [range, ...hunk.lines, ''].join('\n');
    })
    .join('');
}

/** Lines as a diff has them: with a CR that belongs to the ending, and with git's note where the last one lacks its ending. */
function diffLines(text: string): readonly string[] {
  return splitLines(text).lines.map(({ text: line, ending }) => {
    if (ending === '') return `${line}\n\\ No newline at end of file`;
    return line + ending.slice(0, -1);
  });
}

/** One hunk from the first to the last line that differs. */
function oneHunk(before: readonly string[], after: readonly string[]): string {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const start = Math.max(head - context, 0);
  const end = before.length - Math.max(tail - context, 0);
  const oldRange = span(start + 1, end - start);
  const newRange = span(start + 1, end - start + after.length - before.length);
  const lines = [
    ...before.slice(start, head).map((line) => ` ${line}`),
    ...before.slice(head, before.length - tail).map((line) => `-${line}`),
    ...after.slice(head, after.length - tail).map((line) => `+${line}`),
    ...before.slice(before.length - tail, end).map((line) => ` ${line}`),
  ];
  return [`@@ -${oldRange} +${newRange} @@`, ...lines, ''].join('\n');
}

/** A range of lines; an empty one is named by the line before it. */
function span(start: number, count: number): string {
  return `${count === 0 ? start - 1 : start},${count}`;
}
