/** Calls that are tasks (specification 2025-11-25): made, looked after until they end, then read. */

import type { CallToolResult, StandardSchemaV1 } from '@modelcontextprotocol/client';

import { invalid } from '../../core/index.ts';
import type { ActiveCall } from './active-calls.ts';
import type { WantedCall } from './call-tool.ts';
import type { Connection } from './connect.ts';
import { oneLine } from './text.ts';

const defaultPollMs = 1000;
const leastPollMs = 100;
const mostPollMs = 60_000;
const keptMs = 3_600_000;

interface Task {
  readonly taskId: string;
  readonly status: string;
  readonly statusMessage?: string;
  /** As the server says, so it may be anything. */
  readonly pollInterval?: unknown;
}

/** Runs a call as a task. When its signal aborts, the task is cancelled at the server. */
export async function runTask(
  connection: Connection,
  { name, args }: WantedCall,
  active: ActiveCall,
): Promise<CallToolResult> {
  const { signal, context } = active;
  const ask = asker(connection, signal);
  const params = { name, arguments: args, task: { ttl: keptMs } };
  const { task: first } = (await ask('tools/call', params)) as { task?: Task }; // checked below
  if (first?.taskId === undefined) throw invalid`${name} answered with no task`;
  const { taskId } = first;
  const cancel = () => void asker(connection)('tasks/cancel', { taskId }).catch(() => {});
  signal.addEventListener('abort', cancel, { once: true });
  try {
    let task = first;
    while (task.status === 'working' || task.status === 'submitted') {
      await pause(pollMs(task), signal);
      task = (await ask('tasks/get', { taskId })) as Task; // as the specification has it
      const { status, statusMessage = '' } = task;
      context.progress(`${oneLine(`${status} ${statusMessage}`)}\n`);
    }
    if (task.status === 'cancelled') throw invalid`the task of ${name} was cancelled by its server`;
    // One that needs input asks for it while its result is waited for.
    return (await ask('tasks/result', { taskId })) as CallToolResult; // as above
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

type Ask = (method: string, params: Record<string, unknown>) => Promise<unknown>;

function asker({ client }: Connection, signal?: AbortSignal): Ask {
  return (method, params) =>
    client.request({ method, params }, anything, {
      timeout: 2 ** 31 - 1,
      ...(signal === undefined ? {} : { signal }),
    });
}

/** A Standard Schema that takes what comes: tasks have no schema in the SDK. */
const anything: StandardSchemaV1<unknown, unknown> = {
  '~standard': { version: 1, vendor: 'spindle', validate: (value) => ({ value }) },
};

function pollMs({ pollInterval }: Task): number {
  const wanted = Number(pollInterval ?? defaultPollMs) || defaultPollMs;
  return Math.min(mostPollMs, Math.max(leastPollMs, wanted));
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const onAbort = () => reject(signal.reason as Error); // what it was aborted with
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
