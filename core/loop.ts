/** The agent's loop. Whatever it does is appended to the thread. */

import { compact, isFull } from './compaction.ts';
import type * as plug from './contracts.ts';
import { Processes } from './processes.ts';
import { asKernelError, errorData, KernelError } from './errors.ts';
import type * as it from './item.ts';
import { readAll, readPrompts } from './prompt.ts';
import { since, within } from './race.ts';
import type { Base } from './registry.ts';
import { nest } from './slot.ts';
import * as slots from './slots.ts';
import { endMs, runCalls, runStep } from './step.ts';
import type { Running, Thread } from './thread.ts';
import { makeTurn, type Turn } from './turn.ts';

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
  const started = performance.now();
  const expire = () => controller.abort(reached(running, 'timeoutMs', limits.timeoutMs));
  using _timer = limits.timeoutMs === undefined ? undefined : setTimeout(expire, limits.timeoutMs);
  const own = new Processes();
  let end: it.Ending = { status: 'completed' };
  try {
    const settings: it.Body[] = changes === undefined ? [] : [{ type: 'settings', changes }];
    await thread.append([...settings, { type: 'turn', id, limits, outputSchema }]);
    const turn = makeTurn(thread, running, base, own);
    const compacted = () => compact(turn, 'asked', pending.compact);
    const work = pending.compact === undefined ? answer(turn) : readAll(turn).then(compacted);
    await within<unknown>(work, { signal, graceMs, what: 'the turn' });
  } catch (thrown) {
    const error = errorData(signal.aborted ? signal.reason : thrown);
    end = error.code === 'aborted' ? { status: 'interrupted' } : { status: 'failed', error };
    if (running.limit) end = { status: 'limit', limit: running.limit, error };
  }
  await within(own[Symbol.asyncDispose](), { limitMs: endMs, what: id }).catch(() => {});
  const lost = [...thread.open.values()].map((open) => open.discarded('the turn ended'));
  const unsaid = running.steering.filter(({ how }) => how !== 'steer').map(userItem);
  const last: it.Body = { type: 'end', id, ...end, durationMs: since(started) };
  await thread.append([...lost, ...unsaid, last], { durable: true }).catch(() => {}); // a store that failed takes none; the status says so
}

/** The turn within its wrappers, which may let it go on with more input. */
async function answer(turn: Turn): Promise<plug.TurnOutcome> {
  const { input, turn: id } = turn.running.pending;
  const context = { ...turn.lend({ kind: 'hook', name: 'turn' }), turn: id, input };
  const { steering } = turn.running;
  let first = steering.shift(); // a wrapper may refuse it
  const run: plug.RunTurn = async (more = []) => {
    const said = { how: 'steer', ...first, input: [...(first?.input ?? []), ...more] } as const;
    if (said.input.length > 0) steering.unshift(said);
    first = undefined;
    await loop(turn);
    return { status: 'completed', text: turn.spent.text };
  };
  return nest(turn.get(slots.aroundTurn), run, (wrapper, next) => async (more) => {
    return wrapper(context, (other = more) => next(other));
  })();
}

const userItem = ({ input, how, clientId }: Running['steering'][number]): it.UserItem => {
  return { type: 'user', content: input, how, clientId };
};

/** Take what was said, ask, run what is called: until nothing is called and nothing was said meanwhile. */
async function loop(turn: Turn): Promise<void> {
  const { thread, running, model, signal, spent } = turn;
  const { steps = Infinity, tokens = Infinity } = running.pending.limits ?? {};
  for (;;) {
    signal.throwIfAborted();
    if (spent.steps >= steps) throw reached(running, 'steps', steps);
    if (spent.tokens >= tokens) throw reached(running, 'tokens', tokens);
    await (spent.steps === 0 ? readAll(turn) : readPrompts(turn, 'turn'));
    await thread.append(running.steering.splice(0).map(userItem));
    if (isFull(turn)) await compact(turn, 'full');
    // When the provider says that the input is too long: once more after a compaction.
    const { calls, text } = await runStep(turn).catch(async (error: unknown) => {
      if (asKernelError(error).code !== 'model_context') throw error;
      await compact(turn, 'refused');
      return runStep(turn);
    });
    spent.text = text || spent.text;
    await runCalls(turn, calls);
    signal.throwIfAborted();
    if (calls.length + running.steering.length > 0) continue;
    if (text !== '') return;
    throw new KernelError('model_answer', `${model.name} answered nothing: try another model`);
  }
}
