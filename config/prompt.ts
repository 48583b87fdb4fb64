/** Opens kernels for `spindle prompt`: the folder's, and those of the configurations it is compared with. */

import { statSync } from 'node:fs';
import { KernelError } from '../core/errors.ts';
import { findFile } from './files.ts';
import type { LoadOptions } from './load.ts';
import { type OpenKernel, openKernel } from './open.ts';
import { userFiles } from './user-files.ts';

/** Answers where no model is configured: nothing is sent, so it needs no key. */
const fallback = 'openai-responses';

/** Throws as `openKernel` does. */
export async function openPrompt(options: LoadOptions): Promise<OpenKernel> {
  const open = (isConfigured: boolean) =>
    openKernel({
      ...options,
      needsModel: isConfigured,
      with: ['explain', 'prompt'],
      programOptions: ({ cwd }) => ({
        prompt: {
          cwd,
          files: userFiles,
          open: (path: string) => openOther(path, options),
          ...(isConfigured ? {} : { settings: { provider: fallback } }),
        },
      }),
    });
  try {
    return await open(true);
  } catch (error) {
    if (!(error instanceof KernelError) || error.code !== 'model_config') throw error;
    return open(false);
  }
}

/** The configuration of another folder, or this folder's with a file above it as if flags had said what is in it. */
async function openOther(path: string, options: LoadOptions) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const opened = await openPrompt(
    found.isDirectory() ? { ...options, cwd: path } : await withFile(path, options),
  );
  return {
    client: opened.kernel.client('prompt'),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function withFile(file: string, options: LoadOptions): Promise<LoadOptions> {
  const { makeReader } = await import('./cosmiconfig.ts');
  const found = findFile(file);
  if (found === undefined)
    throw new KernelError('invalid', `expected a folder or a file, but ${file} is neither`);
  const layer = { name: 'flag', file, values: makeReader()(found) } as const;
  return { ...options, flags: [...(options.flags ?? []), layer] };
}
