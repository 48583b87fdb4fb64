import { isAbsolute, join, relative, resolve, sep } from 'node:path';

import type { Settings } from '../../../core/index.ts';
import type { Patch, Section } from '../patch/patch.ts';

/** Where the paths of a plan count from. */
export interface Base {
  /** The nearest folder that holds the thread's cwd and all its roots; absolute. */
  readonly folder: string;
  readonly cwd: string;
}

/**
 * The patch with paths below the base. What is written, relative to the cwd or absolute, and lies by its letters in the
 * cwd or a root is rewritten; all else stays as it is, for the engine to refuse.
 */
export function rebase(
  patch: Patch,
  { cwd, roots }: Pick<Settings, 'cwd' | 'roots'>,
): { readonly patch: Patch; readonly base: Base } {
  const inside = [cwd, ...roots];
  const base = { folder: inside.reduce(commonFolder), cwd };
  const move = (written: string) => {
    const path = resolve(cwd, written);
    if (!inside.some((folder) => isBelow(path, folder))) return written;
    return relative(base.folder, path).replaceAll(sep, '/') + (written.endsWith('/') ? '/' : '');
  };
  return { patch: { sections: patch.sections.map((section) => moveSection(section, move)) }, base };
}

/** A path of a plan as the model knows it: relative to its cwd where it lies in it, else absolute. */
export function shownPath(path: string, base: Base): string {
  const absolute = join(base.folder, path);
  return isBelow(absolute, base.cwd) ? relative(base.cwd, absolute) : absolute;
}

function moveSection(section: Section, move: (written: string) => string): Section {
  const path = move(section.path);
  if (section.kind !== 'update' || section.to === undefined) return { ...section, path };
  return { ...section, path, to: move(section.to) };
}

function commonFolder(one: string, other: string): string {
  let folder = one;
  while (folder !== other && !isBelow(other, folder)) folder = resolve(folder, '..');
  return folder;
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
