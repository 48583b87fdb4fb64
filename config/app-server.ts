/** The app server as this program runs it: its front end at once, kernels for the folders it serves when they are asked for. */

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kernels } from './kernels.ts';
import { bareConfiguration, type Configuration, loadConfig, type LoadOptions } from './load.ts';
import { openConfigured, type OpenKernel } from './open.ts';
import { servedConfiguration } from './server-configuration.ts';
import { settingsOf } from './settings.ts';
import { readVersion } from './version.ts';

/** A kernel that holds the front end alone. Disposing ends those of the folders too. */
export async function openAppServer(options: LoadOptions): Promise<OpenKernel> {
  await using scope = new AsyncDisposableStack();
  const configuration = await loadConfig(options);
  const kernels = scope.use(
    new Kernels({
      ...options,
      needsModel: true,
      with: ['workspace', 'model-list'],
      programOptions: kernelOptions,
    }),
  );
  // What is configured concerns the folders' kernels.
  const opened = await openConfigured(bareConfiguration(options), {
    needsModel: false,
    slots: ['frontEnds'],
    with: ['app-server'],
    programOptions: () => ({
      'app-server': {
        ...optionsFor(configuration, kernels),
        configuration: servedConfiguration(options),
        write: writeNamed,
      },
    }),
  });
  scope.use(opened);
  const owned = scope.move();
  return { ...opened, configuration, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Files that flags name are written as the user. */
async function writeNamed(path: string, text: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const { userFiles } = await import('./user-files.ts');
  await userFiles.write(path, text);
}

/** What the kernels' own plugins are told of the configuration. */
function kernelOptions(configuration: Configuration): Readonly<Record<string, object>> {
  const settings = settingsOf(configuration);
  const { sandbox = 'workspace-write', network = false } = settings;
  return {
    // Commands of a server that is killed must not run on.
    local: { endsWithProgram: true },
    workspace: { confinement: { sandbox, network } },
    'model-list': { settings },
  };
}

function optionsFor({ cwd, paths }: Configuration, kernels: Kernels): object {
  return {
    connect: (name: string) => kernels.client(name),
    version: readVersion(),
    home: paths.state,
    cwd,
  };
}
