/** The program that a command starts. */

import { realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, resolve } from 'node:path';

import { invalid, notFound } from '../../../core/index.ts';
import { isVisible, type Place } from './places.ts';

/** Where a program is looked for, and what can be seen inside. */
export interface ProgramSearch {
  readonly cwd: string;
  readonly searchPath: string;
  readonly places: readonly Place[];
}

/**
 * What must be shown besides, so that a program can be started: one that is named by its path, if what is around it is
 * hidden. Throws `not_found` where a plain start would, as callers try the next program then.
 */
export function showProgram(
  name: string,
  { cwd, searchPath, places }: ProgramSearch,
): readonly Place[] {
  if (name.includes('\0'))
    throw invalid`expected a program, but ${JSON.stringify(name)} holds a NUL`;
  const hiddenOf = (file: string) =>
    [...new Set([file, realpathSync.native(file)])].filter((path) => !isVisible(path, places));
  if (name.includes('/')) {
    const file = resolve(cwd, name);
    if (isProgram(file)) return hiddenOf(file).map((path) => ({ path, as: 'read' }));
  } else if (candidates(name, searchPath).some((file) => isProgram(file) && !hiddenOf(file)[0])) {
    return [];
  }
  throw notFound`cannot start ${name}: there is no such program that can be seen in the sandbox, here or on PATH`;
}

/** Programs of a name on a search path, in its order; relative entries do not count. */
export function programsNamed(name: string, searchPath: string): readonly string[] {
  return candidates(name, searchPath).filter((file) => isProgram(file));
}

function candidates(name: string, searchPath: string): readonly string[] {
  const folders = searchPath.split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.map((folder) => `${folder}/${name}`);
}

/** Whether a path is of a file that somebody may execute. */
function isProgram(path: string): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found !== undefined && found.isFile() && (found.mode & 0o111) !== 0;
  } catch {
    return false; // in a folder of somebody else
  }
}
