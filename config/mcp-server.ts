/** The MCP server as this program runs it. */

import { realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { LoadOptions } from './load.ts';
import type { OpenKernel } from './open.ts';
import { openServer } from './serving.ts';
import { settingsOf } from './settings.ts';

/** A kernel that holds the front end alone. Disposing ends those of the folders too. */
export const openMcpServer = (options: LoadOptions): Promise<OpenKernel> =>
  openServer(options, {
    frontEnd: 'mcp-server',
    with: ['direct', 'host-model', 'offers', 'workspace'],
    options: (configuration) => ({ settings: settingsOf(configuration), realPath, isFolder }),
  });

/** The real path of what exists of it, and the rest as it is. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), path.slice(parent.length));
  }
}

const isFolder = (path: string) =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
