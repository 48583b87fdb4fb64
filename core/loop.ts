/** The agent's loop. Whatever it does is appended to the thread. */

import { runCalls } from './call.ts';
import { compact, isFull } from './compaction.ts';
import type * as plug from './contracts.ts';
import { Processes } from './effects.ts';
import { asKernelError, errorData, KernelError } from './errors.ts';
import type * as it from './item.ts';
import { readPrompts } from './prompt.ts';
import { within } from './race.ts';
import { nest } from './slot.ts';
import * as slots from './slots.ts';
import { runStep } from './step.ts';
import type { Running, Thread } from './thread.ts';
import { type Base, makeTurn, type Turn } from './turn.ts';

/** How long a turn may take to end after an interrupt; its calls take less. */
const graceMs = 800;

/** Ends the turn with status `limit`. */
function reached(running: Running, limit: keyof it.Limits, value = 0): KernelError {
  running.limit = limit;
  return new KernelError('timeout', `the turn reached its limit: ${limit} ${value}`);
}

/** Runs a turn to its end, which is always written unless the store fails. Never throws. */
export async function runTurn(thread: Thread, running: Running, base: Base): Promise<void> {
  const { pending, controller } = running;
  const { turn: id, limits = {}, outputSchema, settings: changes } = pending;
  const { signal } = controller;
  const { timeoutMs } = limits;
  const started = performance.now();
  const expire = () => controller.abort(reached(running, 'timeoutMs', timeoutMs));
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
  const own = new Processes();
  let end: it.Ending = { status: 'completed' };
  try {
    const settings: it.Body[] = changes === undefined ? [] : [{ type: 'settings', changes }];
    await thread.append([...settings, { type: 'turn', id, limits, outputSchema }]);
    const turn = makeTurn(thread, running, base, own);
    const compacted = () => moveWindow(turn, 'asked', pending.compact);
    const work = pending.compact === undefined ? answer(turn) : readAll(turn).then(compacted);
    await within<unknown>(work, { signal, graceMs, what: 'the turn' });
  } catch (thrown) {
    const error = errorData(signal.aborted ? signal.reason : thrown);
    const { limit } = running;
    end = error.code === 'aborted' ? { status: 'interrupted' } : { status: 'failed', error };
    if (limit !== undefined) end = { status: 'limit', limit, error };
  }
  clearTimeout(timer);
  await own[Symbol.asyncDispose]();
  const lost = [...thread.open.values()].map((open) => open.discarded('the turn ended'));
  const durationMs = Math.round(performance.now() - started);
  const last = [...lost, { type: 'end', id, ...end, durationMs } as const];
  await thread.append(last, { durable: true }).catch(() => {}); // a store that failed takes none; the status says so
}

/** The turn within its wrappers, which may let it go on with more input. */
async function answer(turn: Turn): Promise<plug.TurnOutcome> {
  const { input, turn: id } = turn.running.pending;
  const context = { ...turn.lend({ kind: 'hook', name: 'turn' }), turn: id, input };
  const { steering } = turn.running;
  const run: plug.RunTurn = async (more = []) => {
    const [first] = turn.spent.steps === 0 ? steering.splice(0, 1) : [];
    const said = { how: 'steer', ...first, input: [...(first?.input ?? []), ...more] } as const;
    if (said.input.length > 0) steering.unshift(said);
    await loop(turn);
    return { status: 'completed', text: turn.spent.text };
  };
  return nest(turn.get(slots.aroundTurn), run, (wrapper, next) => async (more) => {
    return wrapper(context, (other = more) => next(other));
  })();
}

/** Take what was said, ask, run what is called: until nothing is called and nothing was said meanwhile. */
async function loop(turn: Turn): Promise<void> {
  const { thread, running, model, signal, spent } = turn;
  const { steps = Infinity, tokens = Infinity } = running.pending.limits ?? {};
  for (;;) {
    signal.throwIfAborted();
    if (spent.steps >= steps) throw reached(running, 'steps', steps);
    if (spent.tokens >= tokens) throw reached(running, 'tokens', tokens);
    await (spent.steps === 0 ? readAll(turn) : readPrompts(turn, 'turn'));
    const said = running.steering.splice(0);
    await thread.append(
      said.map(({ input, how, clientId }) => ({ type: 'user', content: input, how, clientId })),
    );
    if (isFull(turn)) await moveWindow(turn, 'full');
    // When the provider says that the input is too long: once more after a compaction.
    const { calls, text } = await runStep(turn).catch(async (error: unknown) => {
      if (asKernelError(error).code !== 'model_context') throw error;
      await moveWindow(turn, 'refused');
      return runStep(turn);
    });
    spent.text = text || spent.text;
    await runCalls(turn, calls);
    signal.throwIfAborted();
    if (calls.length + running.steering.length > 0) continue;
    const silent = `${model.name} answered nothing: say more, or try another model`;
    if (text === '') throw new KernelError('model_answer', silent);
    return;
  }
}

async function moveWindow(turn: Turn, reason: plug.CompactionJob['reason'], remark?: string) {
  await compact(turn, reason, remark);
  await readAll(turn);
}

/** All prompt sources; then the tools, which are fixed for the thread: only a window that has moved takes new ones. */
async function readAll(turn: Turn): Promise<void> {
  await readPrompts(turn, 'fixed', 'thread', 'turn');
  const { thread, settings, model } = turn;
  if (!model.traits(settings).tools) return;
  const tools = [...turn.tools().values()].map(({ name, description, inputSchema }) => {
    return { name, description, inputSchema };
  });
  const before = thread.window.tools() ?? [];
  const latest = thread.items.findLast(({ type }) => type === 'window' || type === 'tools');
  const isDue = before.length === 0 || latest?.type === 'window';
  const isNew = JSON.stringify(before) !== JSON.stringify(tools);
  if (isDue && isNew) await thread.append([{ type: 'tools', tools }]);
}
