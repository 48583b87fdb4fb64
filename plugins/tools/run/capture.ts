import type { Exit, Process, SpawnRequest, ToolContext } from '../../../core/index.ts';
import { Output } from './output.ts';
import { within } from './wait.ts';

/** Characters of output that one call shows as they come; the result has what matters of the rest. */
const maxShown = 1_000_000;

/** A started process, and the output that gathers as it runs. */
export interface Captured {
  readonly child: Process;
  readonly output: Output;
}

/** How a captured process ended, with its output. */
export interface Ended {
  readonly text: string;
  readonly exit: Exit;
  /** The turn was interrupted. */
  readonly interrupted: boolean;
}

/** `progress`, up to a bound: a flood would only be merged into one endless text. */
export function limitShown(progress: ToolContext['progress']): (text: string) => void {
  let room = maxShown;
  return (text) => {
    if (room <= 0 || text === '') return;
    progress(
      text.length <= room ? text : `${text.slice(0, room)}\n[… more output is not shown …]\n`,
    );
    room -= text.length;
  };
}

/** Starts a process; its output is gathered, `kept` characters from each end, and shown as progress. */
export async function capture(
  { effects, progress }: Pick<ToolContext, 'effects' | 'progress'>,
  request: Omit<SpawnRequest, 'onOutput' | 'signal'>,
  kept?: number,
): Promise<Captured> {
  const output = new Output(kept);
  const show = limitShown(progress);
  const onOutput: SpawnRequest['onOutput'] = (chunk, stream) => show(output.push(chunk, stream));
  return { child: await effects.spawn({ ...request, onOutput }), output };
}

/** Waits for the end of a captured process; an abort of `signal` brings it about. */
export async function untilEnd({ child, output }: Captured, signal: AbortSignal): Promise<Ended> {
  let exit = await within(child.exited, undefined, signal);
  const interrupted = exit === undefined;
  if (exit === undefined) {
    child.kill();
    exit = await child.exited;
  }
  return { text: output.take({ ended: true }), exit, interrupted };
}
