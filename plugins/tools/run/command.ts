import { resolve } from 'node:path';

import { KernelError } from '../../../core/index.ts';
import type { ToolContext, ToolResult } from '../../../core/index.ts';
import { capture, untilEnd } from './capture.ts';
import type { Captured, Ended } from './capture.ts';
import type { KeptProcesses } from './kept.ts';
import { duration, ending, joined } from './report.ts';
import { quietEnv } from './quiet.ts';
import { refusalIn, type RefusedCommands } from './refused.ts';
import { maxTimerMs, within } from './wait.ts';

/** Options of the shell plugin. */
export interface ShellOptions {
  /** Program and arguments before the command; default: `bash -c`, and `/bin/sh -c` where there is no bash. */
  readonly argv?: readonly [string, ...string[]];
  /** Added to the environment of each command, over what keeps pagers and colours away. */
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs longer yields, unless the call says otherwise; default 30,000. */
  readonly yieldMs?: number;
  /** A command that runs longer is ended, unless the call says otherwise; default: none is. */
  readonly timeoutMs?: number;
}

/** Arguments of `shell`, as its schema has them; models write null for what they leave out. */
export interface ShellArgs {
  readonly command: string;
  readonly cwd?: string | null;
  readonly timeout_ms?: number | null;
  readonly yield_ms?: number | null;
  readonly stdin?: boolean | null;
  readonly outside?: string | null;
}

const defaultYieldMs = 30_000;
/** What Linux takes as one argument. */
const maxCommandBytes = 128 * 1024 - 1;

interface Command {
  readonly command: string;
  readonly cwd: string;
}

/** What calls share. */
interface Means {
  readonly config: ShellOptions;
  readonly kept: KeptProcesses;
  readonly refused: RefusedCommands;
}

/** One call of `shell`: to the command's end, or until it yields and becomes one of `kept`. */
export async function runCommand(
  args: ShellArgs,
  context: ToolContext,
  { config, kept, refused }: Means,
): Promise<ToolResult> {
  checkCommand(args.command);
  const { thread, settings } = context.call;
  const isOutside = args.outside != null && args.outside !== '';
  if (isOutside && !refused.take(thread, args.command)) throw notRefused();
  const startedMs = performance.now();
  const command = {
    command: args.command,
    cwd: resolve(context.call.settings.cwd, args.cwd ?? '.'),
  };
  const captured = await start(args, command.cwd, { context, config });
  const waitMs = yieldAfter(args, config);
  const isOver = await within(captured.child.exited, waitMs, context.signal);
  if (isOver !== undefined || context.signal.aborted) {
    const ended = await untilEnd(captured, context.signal);
    const isConfined = !isOutside && settings.sandbox !== 'danger-full-access';
    const why = isConfined && ended.exit.code !== 0 ? refusalIn(ended.text) : undefined;
    if (why !== undefined) refused.add(thread, args.command);
    return finished(command, ended, why);
  }
  keep(captured, { command, kept, thread: context.call.thread, stdin: args.stdin === true });
  return stillRunning(command, captured, performance.now() - startedMs);
}

/** The result of a command that has ended. */
function finished({ command, cwd }: Command, ended: Ended, refusal?: string): ToolResult {
  const { text, exit, interrupted } = ended;
  const { code: exitCode, signal, timedOut, durationMs } = exit;
  const advice = refusal === undefined ? [] : [adviceFor(refusal)];
  return {
    content: [
      { type: 'text', text: joined(text, [ending(exit, { interrupted }), ...advice].join('\n')) },
    ],
    isError: timedOut || interrupted,
    detail: {
      command,
      cwd,
      exitCode,
      signal,
      timedOut,
      interrupted,
      durationMs: Math.round(durationMs),
    },
  };
}

function adviceFor(refusal: string): string {
  return `[the sandbox may have refused this: ${refusal}. If it must run outside, call shell with the same command and "outside": the user is asked once]`;
}

function notRefused(): KernelError {
  return new KernelError(
    'invalid',
    'expected "outside" only for a command of this thread that the sandbox has just refused: run it without first',
  );
}

function checkCommand(command: string): void {
  const bytes = Buffer.byteLength(command);
  const problem = command.includes('\0')
    ? 'it holds a NUL'
    : bytes > maxCommandBytes
      ? `it has ${bytes} bytes, of at most ${maxCommandBytes}`
      : undefined;
  if (problem === undefined) return;
  throw new KernelError(
    'invalid',
    `expected a command that can be run, but ${problem}: put it into a file and run that`,
  );
}

function yieldAfter(args: ShellArgs, config: ShellOptions): number | undefined {
  if (args.yield_ms != null) return args.yield_ms;
  return args.timeout_ms == null ? (config.yieldMs ?? defaultYieldMs) : undefined;
}

async function start(
  args: ShellArgs,
  cwd: string,
  { context, config }: { readonly context: ToolContext; readonly config: ShellOptions },
): Promise<Captured> {
  const timeoutMs = Math.min(args.timeout_ms ?? config.timeoutMs ?? Infinity, maxTimerMs);
  const request = {
    cwd,
    env: { ...quietEnv, ...config.env },
    ...(args.outside ? { unconfined: true } : {}),
    stdin: args.stdin === true,
    ...(timeoutMs === maxTimerMs ? {} : { timeoutMs }),
  };
  const [program, ...rest] = config.argv ?? ['bash', '-c'];
  try {
    return await capture(context, { ...request, argv: [program, ...rest, args.command] });
  } catch (error) {
    const isMissing = error instanceof KernelError && error.code === 'not_found';
    if (!isMissing || config.argv !== undefined) throw error;
    return capture(context, { ...request, argv: ['/bin/sh', '-c', args.command] });
  }
}

function keep(
  { child, output }: Captured,
  what: {
    readonly command: Command;
    readonly kept: KeptProcesses;
    readonly thread: string;
    readonly stdin: boolean;
  },
): void {
  const one = what.kept.add(what.thread, {
    ...what.command,
    id: child.id,
    output,
    exited: child.exited,
    stdin: what.stdin,
  });
  child.keep((chunk, stream) => {
    const text = output.push(chunk, stream);
    one.show?.(text);
  });
}

function stillRunning(
  { command, cwd }: Command,
  { child, output }: Captured,
  durationMs: number,
): ToolResult {
  const note = `[still running after ${duration(durationMs)} as process ${child.id}: go on with shell_input]`;
  return {
    content: [{ type: 'text', text: joined(output.take({ ended: false }), note) }],
    detail: {
      command,
      cwd,
      process: child.id,
      exitCode: null,
      signal: null,
      timedOut: false,
      interrupted: false,
      durationMs: Math.round(durationMs),
    },
  };
}
