/** The MCP server as this program runs it: its front end at once, kernels for the folders it serves when they are asked for. */

import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Kernels } from './kernels.ts';
import { bareConfiguration, type Configuration, loadConfig, type LoadOptions } from './load.ts';
import { openConfigured, type OpenKernel } from './open.ts';
import { settingsOf } from './settings.ts';
import { readVersion } from './version.ts';

/** A kernel that holds the front end alone. Disposing ends those of the folders too. */
export async function openMcpServer(options: LoadOptions): Promise<OpenKernel> {
  await using scope = new AsyncDisposableStack();
  const configuration = await loadConfig(options);
  const kernels = scope.use(
    new Kernels({
      ...options,
      needsModel: true,
      with: ['direct', 'host-model', 'offers', 'workspace'],
      programOptions: kernelOptions,
    }),
  );
  // What is configured concerns the folders' kernels.
  const opened = await openConfigured(bareConfiguration(options), {
    needsModel: false,
    slots: ['frontEnds'],
    with: ['mcp-server'],
    programOptions: () => ({ 'mcp-server': optionsFor(configuration, kernels) }),
  });
  scope.use(opened);
  const owned = scope.move();
  return { ...opened, configuration, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What the kernels' own plugins are told of the configuration. */
function kernelOptions(configuration: Configuration): Readonly<Record<string, object>> {
  const { sandbox = 'workspace-write', network = false } = settingsOf(configuration);
  return {
    // Commands of a server that is killed must not run on.
    local: { endsWithProgram: true },
    workspace: { confinement: { sandbox, network } },
  };
}

function optionsFor(configuration: Configuration, kernels: Kernels): object {
  return {
    connect: (name: string) => kernels.client(name),
    version: readVersion(),
    cwd: configuration.cwd,
    settings: settingsOf(configuration),
    realPath,
  };
}

/** The real path of what exists of it, and the rest as it is. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), path.slice(parent.length));
  }
}
