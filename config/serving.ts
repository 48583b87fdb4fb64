/** Servers as this program runs them: the front end at once, kernels for the folders it serves when they are asked for. */

import { Kernels } from './kernels.ts';
import {
  bareConfiguration,
  type Configuration,
  dropStamp,
  loadConfig,
  type LoadOptions,
} from './load.ts';
import { openConfigured, type OpenKernel } from './open.ts';
import { settingsOf } from './settings.ts';
import { readVersion } from './version.ts';

/** A server. `with`: plugins of the folders' kernels beside those that are configured. */
export interface Server {
  readonly frontEnd: string;
  readonly with: readonly string[];
  /** What its plugin is told, beside how it reaches the kernels. */
  readonly options: (configuration: Configuration) => object;
  /** What plugins of the folders' kernels are told. */
  readonly kernelOptions?: (configuration: Configuration) => Readonly<Record<string, object>>;
}

/** A kernel that holds the front end alone. Disposing ends those of the folders too. */
export async function openServer(options: LoadOptions, server: Server): Promise<OpenKernel> {
  await using scope = new AsyncDisposableStack();
  const configuration = await loadConfig(options);
  const programOptions = (one: Configuration) => ({
    ...commonOptions(one),
    ...server.kernelOptions?.(one),
  });
  const kernels = scope.use(
    new Kernels({ ...options, needsModel: true, with: server.with, programOptions }),
  );
  const reach = {
    connect: (name: string) => kernels.client(name),
    version: readVersion(),
    cwd: configuration.cwd,
  };
  // What is configured concerns the folders' kernels.
  const opened = await openConfigured(bareConfiguration(options), {
    needsModel: false,
    slots: ['frontEnds'],
    with: [server.frontEnd],
    programOptions: () => ({ [server.frontEnd]: { ...reach, ...server.options(configuration) } }),
  });
  scope.use(opened);
  dropStamp(configuration, 'layers');
  const owned = scope.move();
  return { ...opened, configuration, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function commonOptions(configuration: Configuration): Readonly<Record<string, object>> {
  const { sandbox = 'workspace-write', network = false } = settingsOf(configuration);
  return {
    // Commands of a server that is killed must not run on.
    local: { endsWithProgram: true },
    workspace: { confinement: { sandbox, network } },
  };
}
