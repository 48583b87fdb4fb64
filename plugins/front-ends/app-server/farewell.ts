/** The end of a server whose turns still run. */

import { setTimeout as wait } from 'node:timers/promises';

import type { Client } from '../../../core/index.ts';

/** How long turns have to end, and what was told of their ends has to be on its way; less than a signal's second. */
const [endMs, tellMs] = [400, 100];

/** Aborted as the given signal is, once the turns that run then have been interrupted and clients told so. */
export function afterTurns(signal: AbortSignal, client: Client): AbortSignal {
  const ending = new AbortController();
  const end = async () => {
    const hasRun = await interruptAll(client).catch(() => false); // what cannot be ended is not waited for
    if (hasRun) await wait(tellMs);
    ending.abort(signal.reason);
  };
  signal.addEventListener('abort', () => void end(), { once: true });
  if (signal.aborted) void end();
  return ending.signal;
}

/** Whether anything ran. */
async function interruptAll(client: Client): Promise<boolean> {
  const { threads } = await client.request('kernel/describe', {});
  const running = threads.filter(({ status }) => status.turn !== undefined);
  const ends = running.map(({ id }) => client.request('turn/interrupt', { thread: id }));
  await Promise.race([Promise.allSettled(ends), wait(endMs)]);
  return running.length > 0;
}
