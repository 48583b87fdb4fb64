import { frontEnds } from '../../core/index.ts';
import type { Plugin } from '../../core/index.ts';
import { runCommand } from './command-line/run.ts';
import { threadExport } from './threads/export.ts';
import { threadDelete, threadFork } from './threads/change.ts';
import { threadGc } from './threads/gc.ts';
import { threadList } from './threads/list.ts';
import type { Prices } from './threads/prices.ts';
import { threadShow } from './threads/show.ts';

/** Options of `thread`, given by the program that it is part of. */
export interface ThreadOptions {
  /** The folder whose threads are listed, a real path; default: the process's. */
  readonly cwd?: string;
  /** What models cost, for `show --usage`. */
  readonly prices?: Prices | undefined;
}

const commandsWith = (prices: Prices) => ({
  list: threadList,
  show: threadShow(prices),
  fork: threadFork,
  export: threadExport,
  delete: threadDelete,
  gc: threadGc,
});

/** `spindle thread list|show|fork|export|delete|gc` looks after stored threads; only `fork` loads one. */
export default function thread({ cwd, prices = {} }: ThreadOptions = {}): Plugin {
  const commands = commandsWith(prices);
  return {
    name: 'thread',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'thread',
        description: 'Stored threads: thread list|show|fork|export|delete|gc',
        run: (client, argv, signal) =>
          runCommand(argv, { name: 'thread', commands, client, signal, cwd: cwd ?? process.cwd() }),
      }),
  };
}
