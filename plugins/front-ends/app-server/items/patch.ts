/** A patch that has not been applied, as the changes it asks for: told from its text alone. */

import type { WireItemOf } from '../schemas/item.ts';

type FileUpdate = WireItemOf<'fileChange'>['changes'][number];

const heading = /^\*\*\* (Add|Update|Delete) File: (.+)$/u;
const moving = /^\*\*\* Move to: (.+)$/u;

/**
 * The changes of an `apply_patch` text, with diffs made of its own lines: they have no line numbers of the file, which
 * has not been read.
 */
export function patchChanges(patch: string): FileUpdate[] {
  const files: { readonly change: FileUpdate; readonly lines: string[] }[] = [];
  for (const line of patch.split('\n')) {
    const [, verb, name] = heading.exec(line) ?? [];
    const last = files.at(-1);
    const to = moving.exec(line)?.[1]?.trim();
    if (verb !== undefined && name !== undefined)
      files.push({ change: changeOf(verb, name.trim()), lines: [] });
    else if (to !== undefined && last?.change.kind.type === 'update')
      last.change.kind.move_path = to;
    else if (!line.startsWith('*** ')) last?.lines.push(line);
  }
  return files.map(({ change, lines }) => ({ ...change, diff: diffOf(change, lines) }));
}

function changeOf(verb: string, path: string): FileUpdate {
  if (verb === 'Add') return { path, kind: { type: 'add' }, diff: '' };
  if (verb === 'Delete') return { path, kind: { type: 'delete' }, diff: '' };
  return { path, kind: { type: 'update', move_path: null }, diff: '' };
}

function diffOf({ path, kind }: FileUpdate, lines: readonly string[]): string {
  if (kind.type === 'delete') return `--- a/${path}\n+++ /dev/null\n`;
  const to = (kind.type === 'update' && kind.move_path) || path;
  const from = kind.type === 'add' ? '/dev/null' : `a/${path}`;
  return [`--- ${from}`, `+++ b/${to}`, ...hunksOf(lines), ''].join('\n');
}

/** Lines by hunk, each under a heading that counts them. */
function hunksOf(lines: readonly string[]): readonly string[] {
  const hunks: { anchor: string; lines: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith('@@')) hunks.push({ anchor: line.slice(2), lines: [] });
    else if (/^[ +-]/u.test(line) || (line === '' && hunks.length > 0))
      (hunks.at(-1) ?? hunks[hunks.push({ anchor: '', lines: [] }) - 1])?.lines.push(line || ' ');
  }
  return hunks.flatMap(({ anchor, lines: own }) => {
    const count = (but: string) => own.filter((line) => !line.startsWith(but)).length;
    return [`@@ -${span(count('+'))} +${span(count('-'))} @@${anchor.trimEnd()}`, ...own];
  });
}

const span = (count: number) => `${count === 0 ? 0 : 1},${count}`;
