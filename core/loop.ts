/** The agent's loop. Whatever it does is appended to the thread. */

import { runCalls } from './call.ts';
import { compact, isFull } from './compaction.ts';
import type * as plug from './contracts.ts';
import { Processes } from './effects.ts';
import { asKernelError, errorData, KernelError } from './errors.ts';
import type * as it from './item.ts';
import { readPrompts } from './prompt.ts';
import { within } from './race.ts';
import * as slots from './slots.ts';
import { runStep } from './step.ts';
import type { Running, Thread } from './thread.ts';
import { type Base, makeTurn, type Turn } from './turn.ts';

/** How long a turn may take to end after an interrupt; its calls take less. */
const graceMs = 800;

/** Ends the turn with status `limit`. */
class LimitReached extends KernelError {
  readonly limit: keyof it.Limits;

  constructor(limit: keyof it.Limits, value = 0) {
    super('timeout', `the turn reached its limit: ${limit} ${value}`);
    this.limit = limit;
  }
}

/** Runs a turn to its end, which is always written unless the store fails. Never throws. */
export async function runTurn(thread: Thread, running: Running, base: Base): Promise<void> {
  const { pending, controller } = running;
  const { turn: id, limits = {}, outputSchema, settings: changes } = pending;
  const { signal } = controller;
  const { timeoutMs } = limits;
  const started = performance.now();
  const expire = () => controller.abort(new LimitReached('timeoutMs', timeoutMs));
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
  const own = new Processes();
  let end: it.Ending = { status: 'completed' };
  try {
    const settings: it.Body[] = changes === undefined ? [] : [{ type: 'settings', changes }];
    await thread.append([...settings, { type: 'turn', id, limits, outputSchema }]);
    const turn = makeTurn(thread, running, base, own);
    const work = pending.compact === undefined ? answer(turn) : compactOnly(turn, pending.compact);
    await within<unknown>(work, { signal, graceMs, what: 'the turn' });
  } catch (error) {
    end = endOf(signal.aborted ? signal.reason : error);
  }
  clearTimeout(timer);
  await own[Symbol.asyncDispose]();
  const lost = [...thread.open.values()].map((open) => open.discarded('the turn ended'));
  const durationMs = Math.round(performance.now() - started);
  const last = [...lost, { type: 'end', id, ...end, durationMs } as const];
  await thread.append(last, { durable: true }).catch(() => {}); // a store that failed takes none; the status says so
}

function endOf(cause: unknown): it.Ending {
  const error = errorData(cause);
  if (cause instanceof LimitReached) return { status: 'limit', limit: cause.limit, error };
  return error.code === 'aborted' ? { status: 'interrupted' } : { status: 'failed', error };
}

/** The turn within its wrappers, which may let it go on with more input. */
async function answer(turn: Turn): Promise<plug.TurnOutcome> {
  const { thread, running, signal, spent } = turn;
  const { input, how, clientId, turn: id } = running.pending;
  let isBegun = false;
  const run: plug.RunTurn = async (further = []) => {
    signal.throwIfAborted();
    if (!isBegun) await readAll(turn);
    const content = isBegun ? further : [...input, ...further];
    const user: it.Body = { type: 'user', content, how: isBegun ? 'steer' : how, clientId };
    isBegun = true;
    if (content.length > 0) await thread.append([user]);
    await loop(turn);
    return { status: 'completed', text: spent.text };
  };
  const context = { ...turn.lend({ kind: 'hook', name: 'turn' }), turn: id, input };
  const wrapped = turn
    .get(slots.aroundTurn)
    .reduceRight<plug.RunTurn>(
      (next, wrapper) => async (further) => wrapper(context, (more = further) => next(more)),
      run,
    );
  return wrapped();
}

/** Ask, run what is called, ask again, until nothing is called and nothing was said meanwhile. */
async function loop(turn: Turn): Promise<void> {
  const { thread, running, model, signal, spent } = turn;
  for (;;) {
    signal.throwIfAborted();
    checkLimits(turn);
    if (isFull(turn)) await moveWindow(turn, 'full');
    const { calls, text } = await ask(turn);
    spent.text = text || spent.text;
    await runCalls(turn, calls);
    signal.throwIfAborted();
    const isDone = calls.length + running.steering.length === 0;
    const silent = `${model.name} answered nothing: say more, or try another model`;
    if (isDone && text === '') throw new KernelError('model_answer', silent);
    if (isDone) return;
    await readPrompts(turn, 'turn');
    const said = running.steering.splice(0);
    await thread.append(
      said.map(({ input, clientId }) => ({ type: 'user', content: input, how: 'steer', clientId })),
    );
  }
}

function checkLimits({ running: { pending }, spent }: Turn): void {
  const { steps = Infinity, tokens = Infinity } = pending.limits ?? {};
  if (spent.steps >= steps) throw new LimitReached('steps', steps);
  if (spent.tokens >= tokens) throw new LimitReached('tokens', tokens);
}

/** One step; when the provider says that the input is too long, once more after a compaction. */
async function ask(turn: Turn): ReturnType<typeof runStep> {
  try {
    return await runStep(turn);
  } catch (error) {
    if (asKernelError(error).code !== 'model_context') throw error;
    await moveWindow(turn, 'refused');
    return runStep(turn);
  }
}

async function compactOnly(turn: Turn, remark: string): Promise<void> {
  await readAll(turn);
  await moveWindow(turn, 'asked', remark);
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
  const all = [...turn.tools().values()];
  const tools = all.map(({ name, description, inputSchema }) => {
    return { name, description, inputSchema };
  });
  const before = thread.window.tools?.tools ?? [];
  const latest = thread.items.findLast(({ type }) => type === 'window' || type === 'tools');
  const isDue = before.length === 0 || latest?.type === 'window';
  const isNew = JSON.stringify(before) !== JSON.stringify(tools);
  if (isDue && isNew) await thread.append([{ type: 'tools', tools }]);
}
