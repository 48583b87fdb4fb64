/** Files and whole folders: copied and removed. Links are copied and removed themselves, never followed. */

import {
  conflict,
  type Effects,
  invalid,
  KernelError,
  type RequestHandler,
} from '../../core/index.ts';
import { isLink, isThere, makeFolder } from './files.ts';
import { flag, request, text } from './request.ts';

const copying = { sourcePath: text, destinationPath: text, recursive: flag };

/** `fs/copy`, `fs/remove`. */
export const copyRequests: readonly RequestHandler[] = [
  request('fs/copy', copying, async (params, { effects }) => {
    const [from, to] = [params.text('sourcePath'), params.text('destinationPath')];
    const { kind, mode } = await effects.stat(from);
    if (kind !== 'directory') {
      await effects.write(to, await effects.read(from), { mode });
      return {};
    }
    if (!params.flag('recursive'))
      throw invalid`${from} is a folder: say "recursive" to copy it with all that is in it`;
    if (`${to}/`.startsWith(`${from}/`)) throw invalid`expected ${to} to lie outside of ${from}`;
    if (await isThere(to, effects))
      throw conflict`expected nothing at ${to}, but something is there`;
    await makeFolder(to, true, effects);
    await run(['cp', '-R', '--', `${from}/.`, to], effects);
    return {};
  }),

  request(
    'fs/remove',
    { path: text, recursive: flag, force: flag },
    async (params, { effects }) => {
      const path = params.text('path');
      if (params.flag('force') && !(await isThere(path, effects))) return {};
      const { kind } = await effects.stat(path);
      // What is taken away is missing in its folder: one outside of the roots, as that of a root is, denies it.
      const isALink = await isLink(path, effects);
      const isTree = kind === 'directory' && params.flag('recursive');
      // Effects reach what a link leads to: programs take away the link.
      if (isTree || isALink) await run(['rm', '-rf', '--', path], effects);
      else await effects.remove(path);
      return {};
    },
  ),
];

const timeoutMs = 600_000;

/** Runs a program, in the sandbox as all are. Throws what it said when it failed. */
async function run(argv: readonly [string, ...string[]], effects: Effects): Promise<void> {
  let said = '';
  const onOutput = (chunk: Uint8Array) => void (said += Buffer.from(chunk).toString());
  const child = await effects.spawn({ argv, timeoutMs, onOutput });
  const { code } = await child.exited;
  if (code !== 0) throw new KernelError('denied', said.trim() || `${argv[0]} failed`);
}
