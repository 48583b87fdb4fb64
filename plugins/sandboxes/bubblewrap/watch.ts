/** What a command has planted is set aside when it ends, and told on its stderr. */

import { join } from 'node:path';

import type { Process, SpawnRequest } from '../../../core/index.ts';
import { asideName, type Planted } from './planted.ts';

/** Starts a command, and looks after it in these folders. Gives what `start` gave, which is a process. */
export async function watchPlanted<T>(
  planted: Planted,
  { folders, request }: { readonly folders: Iterable<string>; readonly request: SpawnRequest },
  start: (request: SpawnRequest) => Promise<T>,
): Promise<T> {
  const before = [...folders].map((folder) => [folder, planted.acting(folder)] as const);
  const started = await start(request);
  const child = started as unknown as Process; // what a spawn gives
  let tell = request.onOutput;
  const exited = child.exited.then((exit) => {
    const found = before.flatMap(([folder, known]) => planted.setAside(folder, known));
    for (const folder of found) tell?.(Buffer.from(messageFor(folder)), 'stderr');
    return exit;
  });
  const keep: Process['keep'] = (onOutput) => {
    tell = onOutput;
    child.keep(onOutput);
  };
  return { ...started, exited, keep };
}

function messageFor(folder: string): string {
  return `spindle: the command made a repository in ${folder} and named it in the index, so that git would act on its configuration: its .git was set aside as ${join(folder, asideName)}. Look at the configuration in it, then put it back if it is yours.\n`;
}
