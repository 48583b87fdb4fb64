/** Runs one hook's command: JSON in on stdin, output and exit code out. */

import { homedir } from 'node:os';
import { KernelError, messageOf, type Argv, type Effects } from '../../core/index.ts';
import type { HookRun } from './answer.ts';
import type { Hook, HookEvent } from './options.ts';

/** Where a hook's command runs. */
export interface HookPlace {
  readonly effects: Effects;
  readonly cwd: string;
  /** Ends the command; its moment is then over. */
  readonly signal?: AbortSignal;
}

/** Of each output, what is kept. */
const maxBytes = 1_000_000;

/** Runs it within its time. Only an abort throws; whatever else goes wrong is a `fault`. */
export async function runHook(
  event: HookEvent,
  hook: Hook,
  on: HookPlace & { readonly input: object },
): Promise<HookRun> {
  const { effects, cwd, signal, input } = on;
  const seconds = hook.timeout ?? (event === 'SessionEnd' ? 1.5 : 60);
  const output = { stdout: new Head(), stderr: new Head() };
  try {
    const child = await effects.spawn({
      argv: argvOf(hook.command),
      cwd,
      env: { CLAUDE_PROJECT_DIR: cwd },
      stdin: true,
      timeoutMs: Math.ceil(seconds * 1000),
      onOutput: (chunk, stream) => output[stream].push(chunk),
      ...(signal === undefined ? {} : { signal }),
    });
    const refused = await write(child, JSON.stringify(input));
    const { code, signal: killedBy, timedOut } = await child.exited;
    signal?.throwIfAborted();
    const said = { code, stdout: output.stdout.text(), stderr: output.stderr.text() };
    if (timedOut) return { ...said, fault: `it took longer than ${seconds} s` };
    if (refused !== undefined) return { ...said, fault: refused };
    return code === null ? { ...said, fault: `it was ended by ${killedBy}` } : said;
  } catch (error) {
    signal?.throwIfAborted();
    return { code: null, stdout: '', stderr: '', fault: messageOf(error) };
  }
}

/** Gives it its input. Why that was refused; a program that does not read it is no fault. */
async function write(
  child: Awaited<ReturnType<Effects['spawn']>>,
  input: string,
): Promise<string | undefined> {
  try {
    await child.write(`${input}\n`);
    child.end();
    return undefined;
  } catch (error) {
    const hasEnded = error instanceof KernelError && /^(conflict|not_found)$/.test(error.code);
    if (hasEnded) return undefined;
    child.kill();
    return messageOf(error);
  }
}

/**
 * A plain path with plain arguments is started itself, so that a sandbox which hides the home folder can show that one
 * program; everything else is for the shell.
 */
function argvOf(command: string): Argv {
  const words = command.trim().split(/ +/u);
  const [file = ''] = words;
  const isPlain = words.every((word) => /^[\w@%+=:,./-]+$/u.test(word.replace(/^~\//u, '/')));
  if (!isPlain || !/^(~\/|\/)/u.test(file)) return ['/bin/sh', '-c', command];
  const expanded = words.map((word) => word.replace(/^~\//u, `${homedir()}/`));
  return expanded as [string, ...string[]]; // a split text has one word at least
}

/** The beginning of an output. */
class Head {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  push(chunk: Uint8Array): void {
    if (this.#bytes >= maxBytes) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}
