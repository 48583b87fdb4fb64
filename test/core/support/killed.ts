/** A kernel in a process of its own that is killed with SIGKILL when the test has seen enough. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Line } from './child.ts';

export interface KillOptions {
  readonly directory: string;
  readonly cwd: string;
  /** Texts and calls, as JSON. */
  readonly replies: readonly unknown[];
  /** One turn each; `…` as the last goes on for ever. */
  readonly inputs: readonly string[];
  /** Whether it is to be killed now. */
  readonly isEnough: (line: Line) => boolean;
}

/** Runs until it is enough, kills with SIGKILL, and gives the thread's id and all that the program had said. */
export async function runAndKill(
  options: KillOptions,
): Promise<{ readonly id: string; readonly lines: readonly Line[] }> {
  const { directory, cwd, inputs } = options;
  const program = join(import.meta.dirname, 'child.ts');
  const args = [program, directory, cwd, JSON.stringify(options.replies), ...inputs];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const lines: Line[] = [];
  let rest = '';
  for await (const written of child.stdout.setEncoding('utf8')) {
    const whole = `${rest}${written}`.split('\n');
    rest = whole.pop() ?? ''; // torn, if it is the last that comes
    for (const line of whole.map((one) => JSON.parse(one) as Line)) {
      // child.ts wrote it
      lines.push(line);
      if (!child.killed && options.isEnough(line)) child.kill('SIGKILL');
    }
  }
  const [code, signal] = await closed;
  if (signal !== 'SIGKILL')
    throw new Error(`expected the program to be killed, but it ended with ${code}`);
  const file = readdirSync(directory).find((name) => name.endsWith('.jsonl')) ?? '';
  return { id: file.replace(/\.jsonl$/, ''), lines };
}
