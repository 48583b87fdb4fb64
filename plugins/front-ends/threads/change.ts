/** `spindle thread fork` and `spindle thread delete`. */

import { KernelError } from '../../../core/index.ts';
import { parse } from '../command-line/parse.ts';
import type { Command } from '../command-line/run.ts';
import { findThreads } from './find.ts';
import { namedThreads } from './words.ts';

/** Copies a thread, with `--after N` up to its item N, and prints the copy's id. */
export const threadFork: Command = (argv) => {
  const { flags, words } = parse(argv, { last: {}, after: { takes: 'N' } });
  const named = namedThreads('fork', words, { isLast: flags.last === true });
  if (flags.after !== undefined && !/^\d+$/u.test(flags.after))
    throw new KernelError(
      'invalid',
      `expected --after to be an item's number, but got "${flags.after}"`,
    );
  const after = flags.after === undefined ? undefined : Number(flags.after);
  return async ({ client, cwd, stdout }) => {
    const [thread] = await findThreads(named, { client, cwd });
    const { id } = await client.request('thread/fork', { thread, after });
    await client.request('thread/close', { thread: id });
    await stdout.write(`${id}\n`);
  };
};

/** Removes threads for good, and prints their ids. */
export const threadDelete: Command = (argv) => {
  const { flags, words } = parse(argv, { last: {} });
  const named = namedThreads('delete', words, { isLast: flags.last === true, most: 1000 });
  return async ({ client, cwd, stdout }) => {
    // All are found before the first is gone.
    for (const thread of await findThreads(named, { client, cwd })) {
      await client.request('thread/remove', { thread });
      await stdout.write(`${thread}\n`);
    }
  };
};
