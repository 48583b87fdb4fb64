/** What in a writable folder stays as it is, also when it is not there yet. */

import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';

import { KernelError } from '../../../core/index.ts';
import { laid, type Layout, type Place, together } from './places.ts';

/** What is at a path itself. */
export type Kind = 'nothing' | 'file' | 'folder' | 'link';

/** What is in a folder, by name; empty when there is no such folder. */
export type Entries = ReadonlyMap<string, Kind>;

/** What a machine puts into an empty folder while commands need it (plugins/machines/local/leftovers.ts). */
const mark = /^\.spindle-\d+-[\da-z]+$/;

/** Reads a folder. One call instead of many: a plan is made before each command. */
export function entriesOf(folder: string): Entries {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    const own = entries.filter(({ name }) => !mark.test(name));
    return new Map(own.map((entry) => [entry.name, kindOf(entry)]));
  } catch {
    return new Map();
  }
}

/** Looks at one path. What may not be looked at cannot be written either, and counts as nothing. */
export function kindAt(path: string | Buffer): Kind {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found === undefined ? 'nothing' : kindOf(found);
  } catch {
    return 'nothing';
  }
}

function kindOf(found: Dirent | Stats): Kind {
  if (found.isSymbolicLink()) return 'link';
  return found.isDirectory() ? 'folder' : 'file';
}

/**
 * A path of a writable folder that must not change. Where nothing is, or an empty folder (what a sandbox leaves that was
 * cut off, or another is using now), an empty folder stands that cannot be filled: git and other programs overlook one.
 * Throws KernelError `sandbox` for a link, which could be replaced.
 */
export function hold(path: string, kind: Kind = kindAt(path)): Layout {
  if (kind === 'link') throw linkError(path);
  const isVacant = kind === 'nothing' || (kind === 'folder' && entriesOf(path).size === 0);
  if (!isVacant) return laid({ path, as: 'read' });
  return { places: [vacant(path)], cleanup: [`${path}/`] };
}

/** The same for some names in a folder. */
export function holdNames(folder: string, names: readonly string[], entries: Entries): Layout {
  return together(names.map((name) => hold(join(folder, name), entries.get(name) ?? 'nothing')));
}

/** An empty folder that cannot be filled. */
export function vacant(path: string): Place {
  return { path, as: 'empty', bytes: 4096, mode: '0555' };
}

/** The folders on the way from a root to a path: what is in them can change, but they cannot be moved or replaced. */
export function keepWay(root: string, path: string): Layout {
  const way: string[] = [];
  for (let at = dirname(path); at !== root && at !== dirname(at); at = dirname(at)) way.unshift(at);
  const link = way.find((folder) => kindAt(folder) === 'link');
  if (link !== undefined) throw linkError(link);
  return laid(...way.map((folder) => ({ path: folder, as: 'write' as const })));
}

/** Holds a path that may lie deeper, or whose folder may be missing. */
export function holdBelow(root: string, path: string): Layout {
  const folder = dirname(path);
  if (folder !== root && kindAt(folder) === 'nothing') return holdBelow(root, folder);
  return together([keepWay(root, path), hold(path)]);
}

/** The sandbox cannot hold a link. */
export function linkError(path: string): KernelError {
  return new KernelError(
    'sandbox',
    `expected a file or folder at ${path}, which commands must not change, but it is a link, which they could replace: put what it points to in its place, or use --sandbox read-only`,
  );
}
