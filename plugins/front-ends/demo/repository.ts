/** The demonstration's own work in its repository: making it, and looking at what came of it. */

import { KernelError } from '../../../core/index.ts';
import type { Effects } from '../../../core/index.ts';
import { demoFiles } from './script.ts';

/** How a program ended. */
export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end; `undefined` when there is none of that name. Rejects on abort. */
export async function runProgram(
  argv: readonly [string, ...string[]],
  effects: Effects,
  signal: AbortSignal,
): Promise<Ran | undefined> {
  const decoder = new TextDecoder();
  let output = '';
  const onOutput = (chunk: Uint8Array) => {
    output += decoder.decode(chunk, { stream: true });
  };
  try {
    const child = await effects.spawn({ argv, onOutput, signal });
    const { code } = await child.exited;
    signal.throwIfAborted();
    return { code, output };
  } catch (error) {
    if (error instanceof KernelError && error.code === 'not_found') return undefined;
    throw error;
  }
}

const commit = ['-c', 'user.name=Spindle', '-c', 'user.email=demo@localhost', 'commit'] as const;

/** Writes the files and commits them. Whether there is git. Throws when git fails. */
export async function makeRepository(effects: Effects, signal: AbortSignal): Promise<boolean> {
  for (const [path, text] of Object.entries(demoFiles)) await effects.write(path, text);
  const steps = [
    ['init', '--quiet'],
    ['add', '.'],
    [...commit, '--quiet', '--message', 'a basket'],
  ];
  for (const step of steps) {
    const ran = await runProgram(['git', ...step], effects, signal);
    if (ran === undefined) return false;
    if (ran.code !== 0)
      throw new KernelError('internal', `git ${step.join(' ')} failed: ${ran.output.trim()}`);
  }
  return true;
}
