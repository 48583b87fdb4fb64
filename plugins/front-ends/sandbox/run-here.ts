/** A command with this program's own input and output. */

import { KernelError, messageOf } from '../../../core/index.ts';
import type { Argv, Confinement, Process } from '../../../core/index.ts';
import { exitCodeOfSignal } from '../command-line/run.ts';
import { refusalIn } from '../../tools/run/refused.ts';
import type { SandboxOptions } from '../sandbox.ts';
import { openOutput } from '../terminal/output.ts';
import { shown } from '../terminal/style.ts';
import type { Run } from './request.ts';

interface Here {
  readonly settings: NonNullable<SandboxOptions['settings']>;
  readonly run: Run;
  readonly signal: AbortSignal;
}

/** Runs it; resolves to the exit code. A reader of its output that leaves ends it. */
export async function runHere(argv: Argv, { settings, run, signal }: Here): Promise<number> {
  await using stdout = openOutput(process.stdout, signal);
  await using stderr = openOutput(process.stderr, signal);
  const streams = { stdout: process.stdout, stderr: process.stderr };
  const isPiped = !process.stdin.isTTY;
  const seen = { isConfined: false, tail: '' };
  const channel = {
    stdin: isPiped,
    confined: (level: Confinement, network: boolean) => {
      seen.isConfined = level !== 'none';
      void stderr.write(`spindle sandbox: ${levelLine(level, network, settings)}\n`);
    },
    started: (child: Process) => {
      if (isPiped) void feed(child);
    },
    output: (chunk: Uint8Array, stream: 'stdout' | 'stderr') => {
      streams[stream].write(chunk);
      seen.tail = (seen.tail + Buffer.from(chunk).toString()).slice(-tailLength);
    },
  };
  try {
    const stop = AbortSignal.any([signal, stdout.gone]);
    const { exitCode } = (await run(argv, channel, stop)) as { exitCode: number }; // as its schema says
    if (signal.aborted) return exitCodeOfSignal(signal);
    const why = seen.isConfined && exitCode !== 0 ? refusalIn(seen.tail) : undefined;
    if (why !== undefined)
      await stderr.write(`spindle sandbox: the sandbox may have refused this: ${why}\n`);
    // Of a command whose reader has left, how it was ended says nothing.
    return stdout.gone.aborted ? Math.min(exitCode, 1) : exitCode;
  } catch (error) {
    if (signal.aborted) return exitCodeOfSignal(signal);
    if (stdout.gone.aborted) return 1;
    await stderr.write(`spindle sandbox: ${shown(messageOf(error))}\n`);
    return (error instanceof KernelError ? startCodes.get(error.code) : undefined) ?? 125;
  } finally {
    process.stdin.destroy();
  }
}

/** Characters of a command's last output in which signs of a refusal are looked for. */
const tailLength = 16_384;

const startCodes: ReadonlyMap<string, number> = new Map([
  ['not_found', 127],
  ['invalid', 126],
]);

/** What is read goes on to the command, until either ends. */
async function feed(child: Process): Promise<void> {
  try {
    for await (const chunk of process.stdin) await child.write(chunk as Uint8Array); // no encoding is set
    child.end();
  } catch {
    child.end(); // it takes no more, or this program has ended
  }
}

const levels: Readonly<Record<Confinement, string>> = {
  full: 'confined',
  partial: 'confined in part',
  none: 'not confined: it runs as you, with all that you may do',
};

/** How confined a command is, in one line. */
function levelLine(
  level: Confinement,
  network: boolean,
  { sandbox = 'workspace-write', roots = [] }: Here['settings'],
): string {
  if (level === 'none') return `${sandbox}, ${levels.none}`;
  const writes =
    sandbox === 'read-only'
      ? ''
      : `, may write ${roots.map((root) => shown(root).replaceAll('\n', String.raw`\n`)).join(', ')}`;
  return `${sandbox}, ${levels[level]}, network ${network ? 'on' : 'off'}${writes}`;
}
