/** Front ends that are a handful of short commands. */

import { KernelError, messageOf } from '../../../core/index.ts';
import type { Client } from '../../../core/index.ts';
import { openOutput, type Output } from '../terminal/output.ts';
import { shown, styleOf, wantsColour, type Style } from '../terminal/style.ts';

/** What a command works with. */
export interface CommandContext {
  readonly client: Client;
  readonly signal: AbortSignal;
  /** The folder that relative paths and "here" mean. */
  readonly cwd: string;
  readonly stdout: Output;
  readonly style: Style;
  /** Whether stdout is a terminal, and so a person reads it. */
  readonly isTerminal: boolean;
}

/** Reads its arguments, throwing KernelError `invalid`, and gives what does the work; that resolves to the exit code. */
export type Command = (
  argv: readonly string[],
) => (context: CommandContext) => Promise<number | void>;

/** The commands of a front end by name, the first being the default. */
export interface CommandSet {
  readonly name: string;
  readonly commands: Readonly<Record<string, Command>>;
  readonly client: Client;
  readonly signal: AbortSignal;
  readonly cwd: string;
}

/** Runs one command. Exit code: the command's own or 0, 1 when it throws, 2 for arguments it cannot read, 128+n after a signal. */
export async function runCommand(argv: readonly string[], set: CommandSet): Promise<number> {
  const { name, signal } = set;
  await using stdout = openOutput(process.stdout, signal);
  await using stderr = openOutput(process.stderr, signal);
  const style = styleOf(wantsColour(process.stdout, process.env));
  const fail = async (error: unknown, code: number) => {
    if (signal.aborted) return exitCodeOfSignal(signal);
    await stderr.write(`spindle ${name}: ${shown(messageOf(error))}\n`);
    return code;
  };
  let work: ReturnType<Command>;
  try {
    work = commandOf(argv, set);
  } catch (error) {
    return await fail(error, 2);
  }
  try {
    return (await work({ ...set, stdout, style, isTerminal: process.stdout.isTTY })) ?? 0;
  } catch (error) {
    return await fail(error, 1);
  }
}

function commandOf(argv: readonly string[], { name, commands }: CommandSet): ReturnType<Command> {
  const names = Object.keys(commands);
  const isNamed = argv[0] !== undefined && !argv[0].startsWith('-');
  const [wanted = '', ...rest] = isNamed ? argv : [names[0] ?? '', ...argv];
  const command = Object.hasOwn(commands, wanted) ? commands[wanted] : undefined;
  if (command !== undefined) return command(rest.filter((word) => !word.startsWith('--cd=')));
  throw new KernelError('invalid', `expected ${name} ${names.join('|')}, but got "${wanted}"`);
}

const signalNumbers = new Map<unknown, number>([
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
]);

/** The exit code after an abort: 128 and the number of the signal that is its reason; SIGINT's when it is something else. */
export function exitCodeOfSignal({ reason }: AbortSignal): number {
  return 128 + (signalNumbers.get(reason) ?? 2);
}
