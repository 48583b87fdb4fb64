/** How the machine looks from inside, before the workspace comes in. */

import { realpathSync } from 'node:fs';

import type { SandboxRequest } from '../../../core/index.ts';
import type { Ground } from './ground.ts';
import { isBelow, isVisible, type Place } from './places.ts';
import { toolFolders } from './tools.ts';

/** Of /tmp, /var/tmp, /dev/shm and the home folder each: 2 GiB. */
export const defaultTmpBytes = 2 * 1024 ** 3;

/** What is hidden and replaced, and what is shown in spite of that. `files`: names in the workspace. */
export function machineView(
  { network, env }: SandboxRequest,
  files: ReadonlySet<string>,
  ground: Ground,
): readonly Place[] {
  const { homes, shown } = ground;
  const hidden = hiddenPlaces(ground);
  const searchPath = env['PATH'] ?? '';
  const isHidden = (path: string) => !isVisible(path, hidden);
  const tools = toolFolders({ homes, searchPath, files, isHidden });
  const read = [...shown, ...tools, ...(network ? resolverFiles() : [])];
  return [...hidden, ...read.map((path) => ({ path, as: 'read' as const }))];
}

function hiddenPlaces({ homes, hidden, blank, tmp, options }: Ground): readonly Place[] {
  const { tmpBytes: bytes = defaultTmpBytes } = options;
  return [
    ...hidden.map((path) => ({ path, as: 'empty' as const, bytes: 4096, mode: '0755' })),
    ...homes.map((path) => ({ path, as: 'empty' as const, bytes, mode: '0700' })),
    ...tmp.map((path) => ({ path, as: 'empty' as const, bytes, mode: '1777' })),
    ...blank.map((path) => ({ path, as: 'blank' as const })),
  ];
}

/** How names are resolved, where that is kept in /run. */
function resolverFiles(): readonly string[] {
  try {
    const file = realpathSync.native('/etc/resolv.conf');
    return isBelow(file, '/run') ? [file] : [];
  } catch {
    return [];
  }
}
