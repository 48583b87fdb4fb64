import { frontEnds } from '../../core/index.ts';
import type { Plugin } from '../../core/index.ts';
import { runCommand } from './command-line/run.ts';
import { threadCompact } from './threads/compact.ts';

/** Options of `compact`, given by the program that it is part of. */
export interface CompactOptions {
  /** The folder that `--last` means, a real path; default: the process's. */
  readonly cwd?: string;
}

/** `spindle thread compact` makes room in the window of a thread; unlike the other commands it needs the thread's model. */
export default function compact({ cwd = process.cwd() }: CompactOptions = {}): Plugin {
  return {
    name: 'compact',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'compact',
        description: 'Makes room in the window of a thread: compact ID [--keep REMARK]',
        run: (client, argv, signal) => {
          const commands = { compact: threadCompact };
          return runCommand(argv, { name: 'thread', commands, client, signal, cwd });
        },
      }),
  };
}
