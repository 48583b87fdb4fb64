/** The app server as this program runs it: its front end at once, kernels for the folders it serves when they are asked for. */

import { Kernels } from './kernels.ts';
import { type Configuration, loadConfig, type LoadOptions } from './load.ts';
import { openConfigured, type OpenKernel } from './open.ts';
import { readVersion } from './version.ts';

/** A kernel that holds the front end alone. Disposing ends those of the folders too. */
export async function openAppServer(options: LoadOptions): Promise<OpenKernel> {
  await using scope = new AsyncDisposableStack();
  const configuration = await loadConfig(options);
  const kernels = scope.use(new Kernels({ ...options, needsModel: true }));
  const opened = await openConfigured(configuration, {
    needsModel: false,
    slots: ['frontEnds'],
    with: ['app-server'],
    programOptions: (configured) => ({ 'app-server': optionsFor(configured, kernels) }),
  });
  scope.use(opened);
  const owned = scope.move();
  return { ...opened, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function optionsFor({ cwd, paths }: Configuration, kernels: Kernels): object {
  return {
    connect: (name: string) => kernels.client(name),
    version: readVersion(),
    home: paths.state,
    cwd,
  };
}
