import { KernelError } from '../../../core/index.ts';
import type { Exit, Process, ToolContext, ToolResult } from '../../../core/index.ts';
import { limitShown } from './capture.ts';
import type { Kept, KeptProcesses } from './kept.ts';
import { ending, joined } from './report.ts';
import { within } from './wait.ts';

/** Arguments of `shell_input`, as its schema has them; models write null for what they leave out. */
export interface InputArgs {
  readonly process: string;
  readonly input?: string | null;
  readonly end?: 'stdin' | 'interrupt' | 'kill' | null;
  readonly wait_ms?: number | null;
}

/** How long to wait for an answer to input, and for the end of a process. */
const answerMs = 1000;
const pollMs = 10_000;

/** Ctrl-C, which models trained on terminals write. */
const interruptCharacter = '\u0003';

/** One call of `shell_input`: the process gets what it is sent, and its new output is the result. */
export async function continueProcess(
  args: InputArgs,
  context: ToolContext,
  kept: KeptProcesses,
): Promise<ToolResult> {
  const one = kept.get(context.call.thread, args.process);
  one.show = limitShown(context.progress);
  try {
    const isInput = args.input != null && args.input !== '' && args.input !== interruptCharacter;
    const waitMs = args.wait_ms ?? (isInput && args.end == null ? answerMs : pollMs);
    if (one.exit === undefined) await send(args, one, { context, waitMs });
    const exit = one.exit ?? (await within(one.exited, waitMs, context.signal));
    if (exit === undefined) return running(one, context.signal.aborted);
    kept.remove(context.call.thread, one.id);
    return ended(one, exit);
  } finally {
    one.show = undefined;
  }
}

async function send(
  { input, end }: InputArgs,
  one: Kept,
  { context, waitMs }: { readonly context: ToolContext; readonly waitMs: number },
): Promise<void> {
  const child = context.effects.process(one.id);
  if (child === undefined) return;
  if (input === interruptCharacter) child.kill('SIGINT');
  else if (input != null && input !== '')
    await within(write(child, one, input), waitMs, context.signal);
  if (end === 'stdin') child.end();
  if (end === 'interrupt') child.kill('SIGINT');
  if (end === 'kill') child.kill();
}

function write(child: Process, one: Kept, input: string): Promise<void> {
  if (one.stdin) return child.write(input);
  throw new KernelError(
    'conflict',
    `expected a process that takes input, but ${one.id} was started without: start it anew with stdin true`,
  );
}

function running(one: Kept, isInterrupted: boolean): ToolResult {
  const why = isInterrupted ? 'the wait was interrupted by the user; ' : '';
  return {
    content: [
      {
        type: 'text',
        text: joined(one.output.take({ ended: false }), `[${why}process ${one.id} still runs]`),
      },
    ],
    isError: isInterrupted,
    detail: {
      command: one.command,
      cwd: one.cwd,
      process: one.id,
      exitCode: null,
      signal: null,
      timedOut: false,
    },
  };
}

function ended(one: Kept, exit: Exit): ToolResult {
  const { code: exitCode, signal, timedOut, durationMs } = exit;
  const note = ending(exit, { always: true });
  return {
    content: [{ type: 'text', text: joined(one.output.take({ ended: true }), note) }],
    detail: {
      command: one.command,
      cwd: one.cwd,
      exitCode,
      signal,
      timedOut,
      durationMs: Math.round(durationMs),
    },
  };
}
