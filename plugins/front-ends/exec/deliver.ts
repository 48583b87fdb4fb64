/** The end of a run: its answer where it belongs, and the exit code. */

import { messageOf } from '../../../core/index.ts';
import { exitCodeOfSignal } from '../command-line/run.ts';
import type { Output } from '../terminal/output.ts';
import { shown } from '../terminal/style.ts';
import type { UserFiles } from './files.ts';
import { exitCodeOf, exitCodes, type Outcome } from './outcome.ts';
import type { ExecRequest } from './request.ts';

/** Where it goes. */
export interface Delivery {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly files: UserFiles;
  readonly signal: AbortSignal;
}

/**
 * Writes the answer to stdout and to the file that was named, which is left empty when there is none; gives the exit
 * code. What cannot be written is told on stderr and makes it `failed`, unless the turn came to something worse.
 */
export async function deliver(
  outcome: Outcome,
  request: ExecRequest,
  delivery: Delivery,
): Promise<number> {
  const { stdout, stderr } = delivery;
  const isDone = outcome.end?.status === 'completed';
  if (isDone && request.format === 'text') await stdout.write(answerOf(outcome));
  const faults = [await writeTarget(isDone ? outcome.text : '', request, delivery)];
  await stdout.flush();
  faults.push(faultOf(stdout.gone));
  const told = faults.filter((fault) => fault !== undefined);
  await stderr.write(told.map((fault) => `spindle exec: ${shown(fault)}\n`).join(''));
  const code = codeOf(outcome, delivery.signal);
  if (code === exitCodes.done && told.length > 0) return exitCodes.failed;
  return request.format === 'codex' && isDone ? exitCodes.done : code;
}

async function writeTarget(
  text: string,
  { outputLastMessage: target }: ExecRequest,
  { files }: Delivery,
): Promise<string | undefined> {
  if (target === undefined) return undefined;
  try {
    await files.write(target, text);
    return undefined;
  } catch (error) {
    return `--output-last-message ${target}: ${messageOf(error)}`;
  }
}

/** Who reads only the beginning (`| head`) has what was wanted; a full disk is a fault. */
function faultOf(gone: AbortSignal): string | undefined {
  const error: unknown = gone.reason;
  const isBrokenPipe = error instanceof Error && 'code' in error && error.code === 'EPIPE';
  return !gone.aborted || isBrokenPipe ? undefined : `stdout: ${messageOf(error)}`;
}

function codeOf(outcome: Outcome, signal: AbortSignal): number {
  const isInterrupted = outcome.end === undefined || outcome.end.status === 'interrupted';
  return signal.aborted && isInterrupted && typeof signal.reason === 'string'
    ? exitCodeOfSignal(signal)
    : exitCodeOf(outcome);
}

function answerOf({ text }: Outcome): string {
  const answer = process.stdout.isTTY ? shown(text) : text;
  return answer.endsWith('\n') ? answer : `${answer}\n`;
}
