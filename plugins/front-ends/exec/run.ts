/** One turn of `spindle exec`, from its thread to its outcome. */

import type { Body, Client, ThreadInfo } from '../../../core/index.ts';
import { findThread } from '../threads/find.ts';
import type { ExecInput } from './input.ts';
import { noOutcome, outcomeWith, type Outcome } from './outcome.ts';
import type { Reporter } from './reporter.ts';
import type { ExecRequest } from './request.ts';
import { slashOf } from './slash.ts';

/** Where a run happens and who is told. */
export interface RunContext {
  readonly client: Client;
  /** The folder whose last thread `--last` means. */
  readonly cwd: string;
  readonly reporter: Reporter;
  /** Ends the turn; the thread stays as it is. */
  readonly signal: AbortSignal;
}

/** Starts a thread, or loads the one to go on with. Throws KernelError. */
export async function openThread(request: ExecRequest, context: RunContext): Promise<ThreadInfo> {
  const { client } = context;
  const info = await startOrResume(request, context);
  if (request.addedRoots.length === 0) return info;
  const roots = [...new Set([...info.settings.roots, ...request.addedRoots])];
  return client.request('thread/update', { thread: info.id, settings: { roots } });
}

async function startOrResume(
  { resume, settings, ephemeral }: ExecRequest,
  { client, cwd }: RunContext,
): Promise<ThreadInfo> {
  if (resume === undefined) return client.request('thread/start', { settings, ephemeral });
  const thread = await findThread(client, resume === 'last' ? { lastIn: cwd } : resume);
  const changes = Object.keys(settings).length > 0 ? { settings } : {};
  if (!ephemeral) return client.request('thread/resume', { thread, ...changes });
  const copy = await client.request('thread/fork', { thread, ephemeral });
  return client.request('thread/update', { thread: copy.id, ...changes });
}

/** Runs the turn and tells of it. Nobody answers questions, so what needs a person is denied. Never waits for one. */
export async function runTurn(
  { id: thread, last }: ThreadInfo,
  { limits }: ExecRequest,
  { input, context }: { readonly input: ExecInput; readonly context: RunContext },
): Promise<Outcome> {
  const { client, signal } = context;
  using events = client.subscribe({ thread, after: last });
  signal.throwIfAborted();
  const interrupt = () => void client.request('turn/interrupt', { thread }).catch(() => {});
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    const { turn, text } = await startTurn({ thread, limits }, input, client);
    if (signal.aborted) interrupt();
    const { reporter } = context;
    return await (turn === undefined ? tell(text, reporter) : follow(events, turn, reporter));
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

/** What a command gave that has started no turn is told as if a turn had. */
interface Begun {
  readonly turn?: string;
  readonly text?: string;
}

async function startTurn(
  { thread, limits }: { readonly thread: string; readonly limits: ExecRequest['limits'] },
  input: ExecInput,
  client: Client,
): Promise<Begun> {
  const { content, outputSchema } = input;
  const slash = await slashOf(input, client);
  if (slash === undefined)
    return client.request('turn/start', { thread, input: content, limits, outputSchema });
  const { name, argument, rest } = slash;
  const params = { thread, name, argument, input: rest, limits, outputSchema };
  return (await client.call('command/run', params)) as Begun; // as the plugin `commands` answers
}

async function tell(text = 'Done.', reporter: Reporter): Promise<Outcome> {
  const id = 'command';
  const items: readonly Body[] = [
    { type: 'turn', id },
    { type: 'assistant', id, text },
    { type: 'end', id, status: 'completed', durationMs: 0 },
  ];
  let outcome = noOutcome;
  for (const body of items) {
    const item = { ...body, n: -1, at: Date.now() };
    outcome = outcomeWith(outcome, item);
    await reporter.item(item);
  }
  return outcome;
}

async function follow(
  events: ReturnType<Client['subscribe']>,
  turn: string,
  reporter: Reporter,
): Promise<Outcome> {
  let outcome = noOutcome;
  for await (const event of events) {
    if (event.type === 'item/delta') {
      await reporter.delta(event);
    } else if (event.type === 'item/appended') {
      const { item } = event;
      outcome = outcomeWith(outcome, item);
      await reporter.item(item);
      if (item.type === 'end' && item.id === turn) return outcome;
    } else if (event.status.error !== undefined && event.status.state !== 'active') {
      return { ...outcome, broken: event.status.error };
    }
  }
  return outcome;
}
