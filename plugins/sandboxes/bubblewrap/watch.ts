/** What a command has planted is set aside when it ends, and told on its stderr. */

import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';

import type { Process, SpawnRequest } from '../../../core/index.ts';
import { isBelow } from './places.ts';
import type { Aside, Planted } from './planted.ts';

/** Where a command runs, and what it may write. */
interface Watched {
  readonly cwd: string;
  readonly roots: readonly string[];
  readonly request: SpawnRequest;
}

/** Starts a command, and looks after it in its folders. Gives what `start` gave, which is a process. */
export async function watchPlanted<T>(
  planted: Planted,
  { cwd, roots, request }: Watched,
  start: (request: SpawnRequest) => Promise<T>,
): Promise<T> {
  const before = foldersOf(cwd, roots).map((folder) => [folder, planted.acting(folder)] as const);
  const started = await start(request);
  const child = started as unknown as Process; // what a spawn gives
  let tell = request.onOutput;
  const exited = child.exited.then((exit) => {
    const found = before.flatMap(([folder, known]) => planted.setAside(folder, known));
    for (const aside of found) tell?.(Buffer.from(messageFor(aside)), 'stderr');
    return exit;
  });
  const keep: Process['keep'] = (onOutput) => {
    tell = onOutput;
    child.keep(onOutput);
  };
  return { ...started, exited, keep };
}

/** The roots, and the folders on the way to where it runs: a repository there can be committed to. */
function foldersOf(cwd: string, roots: readonly string[]): readonly string[] {
  const real = roots.map((root) => realPath(root));
  const found = new Set(real);
  for (let at = realPath(cwd); real.some((root) => isBelow(at, root)); at = dirname(at)) {
    found.add(at);
    if (at === '/') break;
  }
  return [...found];
}

/** What is not there is refused later. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

function messageFor({ path, place }: Aside): string {
  const isIndex = basename(path) === 'index';
  const done = place === undefined ? 'could not be set aside' : `was set aside as ${place}`;
  const told = isIndex
    ? `the command made ${path}, which is not as git makes it, so that what git would do is not certain: it ${done}. "git reset" makes a new one.`
    : `the command made a repository in ${dirname(path)} and named it in the index, so that git would act on its configuration: its .git ${done}. Look at the configuration in it, then put it back if it is yours.`;
  return `spindle: ${told}\n`;
}
