/**
 * Keeps what turns change, so that files can be taken back with the conversation: by patches exactly, by commands as it is
 * found before and after them. Nothing of a repository runs for it, and git's own folder is only read. docs/checkpoints.md
 * tells all of it.
 */

import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import {
  aroundEffect,
  aroundTurn,
  type AroundTurn,
  type Event,
  type Host,
  messageOf,
  observers,
  type Plugin,
  requests,
} from '../../core/index.ts';
import { aroundEffects } from './around.ts';
import { Contents } from './files/content.ts';
import { Records } from './files/records.ts';
import { Holds } from './holds.ts';
import { Recorder } from './recorder.ts';
import { checkpointRequests } from './requests.ts';

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
  const { directory: own = stateFolder(), maxFileBytes = 5_000_000 } = given;
  const { maxCopyBytes = 64_000_000, maxFiles = 50_000 } = given;
  return {
    name: 'checkpoints',
    api: 1,
    setup: (host) => {
      const contents = new Contents(own);
      const records = new Records(own);
      const keeping = { contents, maxFileBytes };
      const bounds = { ...keeping, maxCopyBytes, maxFiles, own, records };
      const recorder = host.scope.use(new Recorder(host, bounds));
      const holds = new Holds();
      host.add(aroundEffect, aroundEffects(recorder), 'last');
      const held: AroundTurn = async ({ thread }, next) => {
        await holds.wait(thread);
        return next();
      };
      host.add(aroundTurn, held, 'first');
      const hearing = { recorder, records, ephemeral: new Set<string>() };
      host.add(observers, (event) => hear(event, host, hearing));
      const hold = (thread: string) => holds.take(thread);
      for (const request of checkpointRequests({ ...keeping, records, hold }))
        host.add(requests, request);
      host.scope.defer(() => tidy(host, { own, given, records, contents }));
    },
  };
}

interface Hearing {
  readonly recorder: Recorder;
  readonly records: Records;
  /** Threads that are kept in memory only, and what is recorded of them as long as they are there. */
  readonly ephemeral: Set<string>;
}

function hear(event: Event, host: Host, { recorder, records, ephemeral }: Hearing): void {
  recorder.hear(event);
  if (event.type === 'thread/started' && event.info.ephemeral) ephemeral.add(event.thread);
  const isGone = event.type === 'thread/closed' && ephemeral.delete(event.thread);
  if (!isGone && event.type !== 'thread/removed') return;
  try {
    records.remove(event.thread);
  } catch (error) {
    host.log('the checkpoints of a removed thread are still there', messageOf(error));
  }
}

interface Kept {
  readonly own: string;
  readonly given: CheckpointOptions;
  readonly records: Records;
  readonly contents: Contents;
}

/** When the program ends and has written something: once a day, or when it was much. */
async function tidy(host: Host, { own, given, records, contents }: Kept): Promise<void> {
  if (contents.written === 0) return;
  const { maxBytes = 1_000_000_000, maxAgeDays = 30 } = given;
  try {
    const { collect, isDue } = await import('./files/collect.ts');
    const isMuch = contents.written > maxBytes / 10;
    const bounds = { maxBytes, maxAgeMs: maxAgeDays * 24 * 3_600_000 };
    if (isDue(own) || isMuch) collect(own, records, bounds);
  } catch (error) {
    host.log('old checkpoints could not be removed', messageOf(error));
  }
}

/** As the XDG base directory specification (0.8) has it, where only absolute paths count. */
function stateFolder(): string {
  const { SPINDLE_HOME: home, XDG_STATE_HOME: state } = process.env;
  if (home !== undefined && home !== '') return resolve(home, 'checkpoints');
  const isUsable = state !== undefined && isAbsolute(state);
  return join(isUsable ? state : join(homedir(), '.local', 'state'), 'spindle', 'checkpoints');
}
