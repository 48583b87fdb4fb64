/** Where the commands of a text work, and where the paths they name lead. */

import { dirname, isAbsolute, join, sep } from 'node:path';

import type { Effect, Settings } from '../../../core/index.ts';
import { type Segment, withRuns } from '../shell/script.ts';

/** What decides where a path leads. */
export interface Place {
  readonly cwd: string;
  readonly roots: readonly string[];
  /** An absolute path without links; throws when there is no telling. */
  readonly resolve: (path: string) => string;
}

/** Where an effect happens; roots that are links are followed. */
export function placeOf(effect: Effect, settings: Settings, resolve: Place['resolve']): Place {
  const cwd = effect.kind === 'spawn' ? effect.cwd : settings.cwd;
  const roots = settings.roots.flatMap((root) => filesOf(root, ['/'], resolve) ?? []);
  return { cwd, roots, resolve };
}

/** Whether a path is one of the folders or below one, by its letters alone. */
export function isIn(path: string, folders: readonly string[]): boolean {
  return folders.some(
    (folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep),
  );
}

/** All folders in which a command may work after the `cd`s in a text; `undefined` when that is not certain. */
export function foldersOf(
  segments: readonly Segment[],
  cwd: string,
): readonly string[] | undefined {
  let folders: readonly string[] = [cwd];
  for (const segment of withRuns(segments)) {
    const name = segment.words[0]?.value;
    if (name === 'pushd' || name === 'popd') return undefined;
    if (name !== 'cd') continue;
    const into = folderOf(segment);
    if (into === undefined || folders.length > maxFolders) return undefined;
    const more = folders.map((one) => (isAbsolute(into) ? into : join(one, into)));
    folders = [...new Set([...folders, ...more])];
  }
  return folders;
}

/** Where a `cd` leads; `undefined` when that is not certain. */
function folderOf({ words, isRepeated }: Segment): string | undefined {
  const [, ...args] = words.map(({ value }) => value);
  const [folder, ...more] = args[0] === '--' ? args.slice(1) : args;
  const isPlain = folder !== undefined && !folder.startsWith('-') && more.length === 0;
  return isPlain && !isRepeated ? folder : undefined;
}

const maxFolders = 16;

/** All files that a word may name, without links; `undefined` when that is not certain. */
export function filesOf(
  path: string,
  folders: readonly string[] | undefined,
  resolve: Place['resolve'],
): readonly string[] | undefined {
  if (path === '' || path.includes('\0')) return undefined;
  const from = isAbsolute(path) ? ['/'] : folders;
  try {
    return from?.map((folder) => walk(path, resolve(folder), resolve));
  } catch {
    return undefined;
  }
}

/** `..` leads out of the folder that a link leads to. */
function walk(path: string, from: string, resolve: Place['resolve']): string {
  let at = from;
  for (const name of path.split('/')) {
    if (name === '..') at = dirname(resolve(at));
    else if (name !== '' && name !== '.') at = join(at, name);
  }
  return resolve(at);
}

/** Names through which a file acts when git, an editor or this program is used next. */
const guardedNames = new Set(['.git', '.vscode', '.mcp.json', '.spindle']);

/** The name that guards a path in the roots, if one does. */
export function guardedName(path: string, roots: readonly string[]): string | undefined {
  const root = roots.find((one) => isIn(path, [one])) ?? '';
  const names = path.slice(root.length).toLowerCase().split(/[\\/]/);
  return names.find((name) => guardedNames.has(name) || name.startsWith('.spindlerc'));
}
