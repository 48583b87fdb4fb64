/** The app server as this program runs it. */

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

import type { LoadOptions } from './load.ts';
import type { OpenKernel } from './open.ts';
import { servedConfiguration } from './server-configuration.ts';
import { openServer } from './serving.ts';
import { settingsOf } from './settings.ts';

/** A kernel that holds the front end alone. Disposing ends those of the folders too. */
export const openAppServer = (options: LoadOptions): Promise<OpenKernel> =>
  openServer(options, {
    frontEnd: 'app-server',
    with: ['workspace', 'model-list'],
    options: ({ paths }) => ({
      home: paths.state,
      configuration: servedConfiguration(options),
      write: writeNamed,
    }),
    kernelOptions: (configuration) => ({ 'model-list': { settings: settingsOf(configuration) } }),
  });

/** Files that flags name are written as the user. */
async function writeNamed(path: string, text: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const { userFiles } = await import('./user-files.ts');
  await userFiles.write(path, text);
}
