/** A thread of many steps, each with one command. */

import type { Answer, ModelRequest } from '../fixtures/model-server.ts';
import type { Bench } from './case.ts';
import type { Program, Run, RunOptions } from './place.ts';
import { startStandIn } from './stand-in.ts';

/** Forty short lines, made by the shell itself. */
const command = 'printf "%s\\n" {1..40}';

/** A run with what the stand-in received. */
export interface ThreadRun extends Run {
  readonly requests: readonly ModelRequest[];
}

/** Answers that call a command `steps` times and then say that all is done. */
function threadScript(steps: number): readonly Answer[] {
  const call: Answer = { parts: [{ call: 'shell', args: { command } }], times: steps };
  return [call, { text: 'All done.' }];
}

/** Runs a thread of so many steps against a stand-in of its own. */
export async function runThread(
  { place }: Bench,
  program: Program,
  { steps, ...options }: { readonly steps: number } & RunOptions,
): Promise<ThreadRun> {
  await using server = await startStandIn(threadScript(steps), place.fresh('script.json'));
  const run = await place.run(program, { ...options, url: server.url });
  const requests = await server.take();
  if (requests.length !== steps + 1) {
    throw new Error(
      `expected ${steps + 1} requests of ${program}, but the stand-in received ${requests.length}`,
    );
  }
  return { ...run, requests };
}

/**
 * How long each step took, in milliseconds: from the moment when the server had the whole request, to the next one.
 * The server's answering is in it, so it means something only beside another program's.
 */
export function stepTimes({ requests }: ThreadRun): readonly number[] {
  return requests.slice(1).map(({ at }, index) => at - (requests[index]?.bodyAt ?? NaN));
}
