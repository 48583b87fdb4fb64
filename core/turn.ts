/** The turn: the agent's loop. It reads its slots once, and whatever it does is appended to its thread. */

import { runCalls } from './call.ts';
import { compact, isFull } from './compaction.ts';
import type * as plug from './contracts.ts';
import { Processes } from './effects.ts';
import { aborted, asKernelError, errorData, KernelError, noModel } from './errors.ts';
import type { GateContext } from './gate.ts';
import type * as it from './item.ts';
import { readPrompts } from './prompt.ts';
import type { Client } from './protocol.ts';
import { within } from './race.ts';
import type { TurnSlots } from './slots.ts';
import { runStep } from './step.ts';
import type { Pending, Thread } from './thread.ts';

/** To whom an effect belongs: `own` ends the processes it starts. */
export type Owner = Readonly<{
  origin: it.Origin;
  call?: string;
  own: Processes;
  gate: GateContext;
}>;

/** What the kernel lends a turn. What narrows counts at once: policies that came, tools that went. */
export interface TurnHost {
  readonly slots: TurnSlots;
  readonly livePolicies: () => readonly plug.Policy[];
  readonly isLive: (tool: plug.Tool) => boolean;
  readonly client: (name: string) => Client;
  readonly bind: (thread: Thread, owner: Owner) => plug.Effects;
  /** Bytes of a result that the model is shown. */
  readonly resultBytes: number;
}

/** A turn while it runs, on settings that stay as they were when it began. */
export interface Turn extends Pick<TurnHost, 'slots' | 'client' | 'resultBytes'> {
  readonly id: string;
  readonly thread: Thread;
  readonly pending: Pending;
  readonly settings: it.Settings;
  readonly model: plug.Model;
  readonly signal: AbortSignal;
  /** The tools in force, by name. */
  readonly tools: () => ReadonlyMap<string, plug.Tool>;
  readonly effects: (origin: it.Origin, call?: string, own?: Processes) => plug.Effects;
  readonly spent: { steps: number; tokens: number; text: string };
}

/** Ends the turn with status `limit`. */
class LimitReached extends KernelError {
  readonly limit: keyof it.Limits;

  constructor(limit: keyof it.Limits, value = 0) {
    super('timeout', `the turn reached its limit: ${limit} ${value}`);
    this.limit = limit;
  }
}

/** Runs a turn to its end, which is always written unless the store fails. Never throws. */
export async function runTurn(
  thread: Thread,
  pending: Pending,
  host: TurnHost,
  controller: AbortController,
): Promise<void> {
  const { turn: id, limits, outputSchema, settings: changes, compact: remark } = pending;
  const started = performance.now();
  const { timeoutMs } = limits;
  const expire = () => controller.abort(new LimitReached('timeoutMs', timeoutMs));
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
  const own = new Processes();
  const { signal } = controller;
  let end: it.Ending = { status: 'completed' };
  try {
    const begin: it.Body[] = changes === undefined ? [] : [{ type: 'settings', changes }];
    await thread.append([...begin, { type: 'turn', id, limits, outputSchema }]);
    const turn = makeTurn(thread, pending, host, { controller, own });
    const running = remark === undefined ? answer(turn) : compactOnly(turn, remark);
    await within<unknown>(running, { signal, graceMs: 800, what: 'the turn' });
  } catch (error) {
    end = endOf(signal.aborted ? signal.reason : error);
  }
  clearTimeout(timer);
  await own.close();
  const reason = 'the turn ended';
  const lost = [...thread.open.keys()].map((open): it.Body => ({
    type: 'discarded',
    id: open,
    reason,
  }));
  const durationMs = Math.round(performance.now() - started);
  // A store that failed takes no end; the thread's status says so.
  await thread
    .append([...lost, { type: 'end', id, ...end, durationMs }], { durable: true })
    .catch(() => {});
}

function endOf(cause: unknown): it.Ending {
  const error = errorData(cause);
  if (cause instanceof LimitReached) return { status: 'limit', limit: cause.limit, error };
  return error.code === 'aborted' ? { status: 'interrupted' } : { status: 'failed', error };
}

type Ends = Readonly<{ controller: AbortController; own: Processes }>;

function makeTurn(
  thread: Thread,
  pending: Pending,
  host: TurnHost,
  { controller, own: all }: Ends,
): Turn {
  const { slots, client, resultBytes } = host;
  const { settings } = thread;
  const { signal } = controller;
  const model = slots.models.get(settings.provider);
  const known = [...slots.models.keys()].join(', ') || 'none';
  if (model === undefined)
    throw noModel`there is no model provider "${settings.provider}"; there are: ${known}`;
  let isDurable = false;
  const gate: GateContext = {
    settings,
    policies: () => [...new Set([...slots.policies, ...host.livePolicies()])],
    ask: (question, call) => thread.ask(question, call, signal),
    record: (decision) => {
      const durable = !isDurable && actsOutside(decision);
      isDurable ||= durable;
      return thread.append([decision], { durable });
    },
    stop: () => controller.abort(aborted`the user stopped the turn`),
  };
  const effects: Turn['effects'] = (origin, call, own = all) =>
    host.bind(thread, { origin, call, own, gate });
  const tools = () => toolsOf(thread, host);
  const spent = { steps: 0, tokens: 0, text: '' };
  return {
    id: pending.turn,
    thread,
    pending,
    settings,
    model,
    signal,
    slots,
    client,
    resultBytes,
    tools,
    effects,
    spent,
  };
}

/** Before these, the turn's items must be safe from a power loss: all but reading, and asking the model. */
function actsOutside({ verdict, effect: { kind }, origin }: it.DecisionItem): boolean {
  return verdict === 'allow' && kind !== 'read' && !(kind === 'fetch' && origin.kind === 'plugin');
}

/** By the names in force. A client's tool is a tool whose `run` is a question. */
function toolsOf(thread: Thread, { slots, isLive }: TurnHost): ReadonlyMap<string, plug.Tool> {
  const { tools: subset, clientTools = [] } = thread.settings;
  const run: plug.Tool['run'] = async (args, { call: { id, name }, signal }) => {
    const { value, remark } = await thread.ask({ kind: 'tool/call', name, args }, id, signal);
    const result = value as Partial<plug.ToolResult> | undefined; // in MCP's shape
    return { ...result, content: result?.content ?? fail(remark ?? `no client ran ${name}`) };
  };
  const own = [...slots.tools].filter(
    ([name, tool]) => (subset?.includes(name) ?? true) && isLive(tool),
  );
  const named = own.map(([name, tool]) => [name, { ...tool, name }] as const);
  return new Map([...named, ...clientTools.map((tool) => [tool.name, { ...tool, run }] as const)]);
}

function fail(message: string): never {
  throw new KernelError('not_found', message);
}

/** The turn within its wrappers, which may let it go on with more input. */
async function answer(turn: Turn): Promise<plug.TurnOutcome> {
  const { id, thread, pending, settings, signal, slots, spent } = turn;
  const { input, how, clientId } = pending;
  let isBegun = false;
  const run = async (further: readonly it.Content[] = []): Promise<plug.TurnOutcome> => {
    if (!isBegun) await readAll(turn);
    const content = isBegun ? further : [...input, ...further];
    const user: it.Body = { type: 'user', content, how: isBegun ? 'steer' : how, clientId };
    isBegun = true;
    if (content.length > 0) await thread.append([user]);
    await loop(turn);
    return { status: 'completed', text: spent.text };
  };
  const effects = turn.effects({ kind: 'hook', name: 'turn' });
  const context = {
    thread: thread.id,
    turn: id,
    settings,
    input,
    signal,
    client: turn.client('turn'),
    effects,
  };
  const step = (index: number, further?: readonly it.Content[]): Promise<plug.TurnOutcome> =>
    slots.aroundTurn[index]?.(context, (more) => step(index + 1, more)) ?? run(further);
  return step(0);
}

/** The loop: ask, run what is called, ask again, until nothing is called and nothing was said meanwhile. */
async function loop(turn: Turn): Promise<void> {
  const { thread, model, signal, spent } = turn;
  for (;;) {
    signal.throwIfAborted();
    checkLimits(turn);
    if (isFull(turn)) await moveWindow(turn, 'full');
    const { calls, text } = await ask(turn);
    spent.text = text || spent.text;
    await runCalls(turn, calls);
    signal.throwIfAborted();
    const said = thread.steering.splice(0);
    const silent = `${model.name} answered nothing: say more, or try another model`;
    if (calls.length + said.length + text.length === 0)
      throw new KernelError('model_answer', silent);
    if (calls.length + said.length === 0) return;
    await readPrompts(turn, 'turn');
    const users = said.map((one): it.Body => ({
      type: 'user',
      content: one.input,
      how: 'steer',
      clientId: one.clientId,
    }));
    if (users.length > 0) await thread.append(users);
  }
}

function checkLimits({ pending: { limits }, spent }: Turn): void {
  if (spent.steps >= (limits.steps ?? Infinity)) throw new LimitReached('steps', limits.steps);
  if (spent.tokens >= (limits.tokens ?? Infinity)) throw new LimitReached('tokens', limits.tokens);
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

async function moveWindow(
  turn: Turn,
  reason: plug.CompactionJob['reason'],
  remark?: string,
): Promise<void> {
  await compact(turn, reason, remark);
  await readAll(turn);
}

/** All prompt sources; then the tools, which are fixed for the thread: only a window that has moved takes new ones. */
async function readAll(turn: Turn): Promise<void> {
  await readPrompts(turn, 'fixed', 'thread', 'turn');
  const { thread, settings, model } = turn;
  const all = [...turn.tools().values()];
  const tools = all.map(({ name, description, inputSchema }) => ({
    name,
    description,
    inputSchema,
  }));
  const before = thread.window.tools?.tools ?? [];
  const moved =
    thread.items.findLast(({ type }) => type === 'window' || type === 'tools')?.type === 'window';
  const isDue = before.length === 0 || moved;
  const isNew = JSON.stringify(before) !== JSON.stringify(tools);
  if (isDue && isNew && model.traits(settings).tools)
    await thread.append([{ type: 'tools', tools }]);
}
