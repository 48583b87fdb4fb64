/**
 * Keeps what turns change, so that files can be taken back with the conversation: by patches exactly, by commands as it is
 * found before and after them. Nothing of a repository runs for it, and git's own folder is only read. docs/checkpoints.md
 * tells all of it.
 */

import {
  type AroundEffect,
  aroundEffect,
  aroundTurn,
  commands,
  type Client,
  type EffectRequest,
  type Host,
  messageOf,
  type Observer,
  observers,
  type Plugin,
  requests,
} from '../../core/index.ts';
import { described, describedCommands } from './described.ts';
import { Followed } from './followed.ts';
import { Holds } from './holds.ts';
import type { Bounds, Kept } from './kept.ts';
import { stateFolder } from '../stores/state-folder.ts';

export interface CheckpointOptions {
  /** Where they are kept; made when missing. Default: `checkpoints` in the user's state folder. */
  readonly directory?: string;
  /** A larger file is not kept. Default 5,000,000. */
  readonly maxFileBytes?: number;
  /** Before a command, at most so much is copied of files that git does not have. Default 64,000,000. */
  readonly maxCopyBytes?: number;
  /** In a folder with more files, commands are not covered. Default 50,000. */
  readonly maxFiles?: number;
  /** Of all kept contents; the oldest threads' go first. Default 1,000,000,000. */
  readonly maxBytes?: number;
  /** A thread in which nothing changed for so long loses its own. Default 30. */
  readonly maxAgeDays?: number;
}

/** The schema of the options. */
export const options = async () => {
  const { z } = await import('zod');
  const amount = z.number().int().positive();
  return z.strictObject({
    directory: z.string().min(1).optional().describe('folder of what is kept'),
    maxFileBytes: amount.optional().describe('a larger file is not kept'),
    maxCopyBytes: amount.optional().describe('copied before a command, of what git does not have'),
    maxFiles: amount.optional().describe('in a folder with more, commands are not covered'),
    maxBytes: amount.optional().describe('of all that is kept'),
    maxAgeDays: amount.optional().describe('how long it is kept'),
  });
};

export default function checkpoints(given: CheckpointOptions = {}): Plugin {
  return {
    name: 'checkpoints',
    api: 1,
    setup: (host) => {
      const followed = new Followed();
      const holds = new Holds();
      const kept = lazily(
        host,
        { ...defaults, directory: stateFolder('checkpoints'), ...given },
        followed,
      );
      host.add(aroundEffect, aroundChanges(kept, followed), 'last');
      host.add(aroundTurn, (turn, next) => holds.wait(turn.thread, next), 'first');
      host.add(observers, hearing(host, kept, followed));
      for (const command of describedCommands)
        host.add(
          commands,
          { ...command, run: (...typed) => runTyped(command.name, ...typed) },
          'last',
        );
      const hold = (thread: string) => holds.take(thread);
      for (const { name, ...shape } of described)
        host.add(requests, {
          name,
          ...shape,
          run: async (params, context) =>
            (await kept.get()).answer(name, params, { context, hold }),
        });
    },
  };
}

async function runTyped(name: TypedName, argument: string, client: Client, thread: string) {
  const { typed } = await import('./typed.ts');
  return typed[name](argument.split(/\s+/).filter(Boolean), client, thread);
}
type TypedName = (typeof describedCommands)[number]['name'];

const defaults = {
  maxFileBytes: 5_000_000,
  maxCopyBytes: 64_000_000,
  maxFiles: 50_000,
  maxBytes: 1_000_000_000,
  maxAgeDays: 30,
};

/** What does the work is loaded when there is some: most turns begin without. */
interface Lazy {
  readonly get: () => Promise<Kept>;
  /** What is loaded already. */
  readonly now: () => Kept | undefined;
}

function lazily(host: Host, bounds: Bounds, followed: Followed): Lazy {
  let loading: Promise<Kept> | undefined;
  let loaded: Kept | undefined;
  const load = async () => {
    const { Kept: Loaded } = await import('./kept.ts');
    loaded = host.scope.use(new Loaded(host, bounds, followed));
    return loaded;
  };
  return { get: () => (loading ??= load()), now: () => loaded };
}

const changing = new Set<EffectRequest['kind']>(['write', 'spawn', 'call']);

function aroundChanges(kept: Lazy, followed: Followed): AroundEffect {
  return async (what, next) => {
    const { kind, thread } = what;
    const isOfTurn = thread !== undefined && followed.turnOf(thread) !== undefined;
    if (!isOfTurn || !changing.has(kind)) return next(what);
    return (await kept.get()).around(what, next);
  };
}

/** Follows turns; the record of a thread goes with it. */
function hearing(host: Host, kept: Lazy, followed: Followed): Observer {
  const ephemeral = new Set<string>();
  let removing = Promise.resolve();
  host.scope.defer(() => removing);
  const remove = async (thread: string, earlier: Promise<void>) => {
    await earlier;
    try {
      (await kept.get()).records.remove(thread);
    } catch (error) {
      host.log('the record of a thread that is gone is still there', messageOf(error));
    }
  };
  return (event) => {
    kept.now()?.recorder.hear(event);
    followed.hear(event);
    if (event.type === 'thread/started' && event.info.ephemeral) ephemeral.add(event.thread);
    const isEnded = event.type === 'thread/closed' && ephemeral.delete(event.thread);
    const hasRecord = event.type === 'thread/removed' || (isEnded && kept.now() !== undefined);
    if (hasRecord) removing = remove(event.thread, removing);
  };
}
