import { frontEnds } from '../../core/index.ts';
import type { Plugin } from '../../core/index.ts';
import { runCommand } from './command-line/run.ts';
import { threadDiff } from './threads/diff.ts';
import { threadRevert, threadUndo } from './threads/revert.ts';

/** Options of `revert`, given by the program that it is part of. */
export interface RevertOptions {
  /** The folder that `--last` means, a real path; default: the process's. */
  readonly cwd?: string;
}

/** `spindle thread revert|undo|diff`; unlike the other commands they need what was kept of files, and the gate. */
export default function revert({ cwd = process.cwd() }: RevertOptions = {}): Plugin {
  const commands = { revert: threadRevert, undo: threadUndo, diff: threadDiff };
  return {
    name: 'revert',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'revert',
        description: 'Goes back, with files or without: revert|undo|diff ID',
        run: (client, argv, signal) =>
          runCommand(argv, { name: 'thread', commands, client, signal, cwd }),
      }),
  };
}
