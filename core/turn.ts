/** The turn: the agent's loop. It reads its slots once, and everything it does is appended to its thread. */

import { compact, hashOf, isFull } from './compaction.ts';
import { runCalls, type BoundCall } from './call.ts';
import type {
  Appended,
  AroundEffect,
  AroundModel,
  AroundTool,
  AroundTurn,
  Compactor,
  Effects,
  Model,
  Policy,
  PromptSource,
  Tool,
  TurnContext,
  TurnOutcome,
} from './contracts.ts';
import { Processes } from './effects-process.ts';
import { asKernelError, errorData, KernelError } from './errors.ts';
import type { GateContext } from './gate.ts';
import type {
  Body,
  CallItem,
  Content,
  DecisionItem,
  EndItem,
  FragmentItem,
  JsonSchema,
  Limits,
  Origin,
  Settings,
  Stability,
  ToolDefinition,
} from './item.ts';
import type { Client } from './protocol.ts';
import { within } from './race.ts';
import type { NamedValues } from './slot.ts';
import { callModel, runStep } from './step.ts';
import type { Pending, Thread } from './thread.ts';

/** A prompt source or policy that hangs must not hang the turn. */
const sourceLimitMs = 10_000;

/** Everything a turn uses of the slots, read once when it starts. */
export interface TurnSlots {
  readonly models: NamedValues<Model>;
  readonly tools: NamedValues<Tool>;
  readonly prompts: readonly PromptSource[];
  readonly policies: readonly Policy[];
  readonly compactors: readonly Compactor[];
  readonly aroundTurn: readonly AroundTurn[];
  readonly aroundModel: readonly AroundModel[];
  readonly aroundTool: readonly AroundTool[];
  readonly aroundEffect: readonly AroundEffect[];
}

/** What the kernel lends a turn. */
export interface TurnHost {
  readonly slots: TurnSlots;
  /** What is in force now: what narrows counts at once. */
  readonly livePolicies: () => readonly Policy[];
  readonly isLive: (tool: Tool) => boolean;
  readonly client: (name: string) => Client;
  readonly bind: (binding: TurnBinding) => Effects;
  readonly resultBytes: number;
}

export interface TurnBinding {
  readonly thread: Thread;
  readonly origin: Origin;
  readonly call?: string;
  readonly settings: Settings;
  readonly wrappers: readonly AroundEffect[];
  readonly gate: GateContext;
  readonly own: Processes;
}

/** A turn while it runs. */
interface Turn {
  readonly host: TurnHost;
  readonly thread: Thread;
  readonly id: string;
  readonly settings: Settings;
  readonly model: Model;
  readonly signal: AbortSignal;
  readonly stop: () => void;
  readonly limits: Limits;
  readonly outputSchema: JsonSchema | undefined;
  readonly own: Processes;
  readonly progress: { steps: number; tokens: number; text: string; isDurable: boolean };
}

/** Ends the turn with status `limit`. */
class LimitReached extends KernelError {
  readonly limit: keyof Limits;

  constructor(limit: keyof Limits, value: number) {
    super('timeout', `the turn reached its limit: ${limit} ${value}`);
    this.limit = limit;
  }
}

/** Runs a turn to its end. `compactRemark` (a text, or '') makes it a compaction instead of an answer. Never throws. */
export async function runTurn(
  thread: Thread,
  pending: Pending & { readonly compactRemark?: string },
  host: TurnHost,
): Promise<void> {
  const started = performance.now();
  const controller = thread.running?.controller ?? new AbortController();
  const limits = pending.limits ?? {};
  const timer =
    limits.timeoutMs === undefined
      ? undefined
      : setTimeout(
          () => controller.abort(new LimitReached('timeoutMs', limits.timeoutMs ?? 0)),
          limits.timeoutMs,
        );
  const own = new Processes();
  let end: Omit<EndItem, 'type' | 'id' | 'durationMs'>;
  try {
    const { limits: _limits, outputSchema } = pending;
    await thread.append([
      ...(pending.settings === undefined
        ? []
        : [{ type: 'settings', changes: pending.settings } as const]),
      {
        type: 'turn',
        id: pending.turn,
        ...(pending.limits === undefined ? {} : { limits }),
        ...(outputSchema === undefined ? {} : { outputSchema }),
      },
    ]);
    const turn: Turn = {
      host,
      thread,
      id: pending.turn,
      settings: thread.settings,
      model: chooseModel(host, thread.settings),
      signal: controller.signal,
      stop: () => controller.abort(new KernelError('aborted', 'the user stopped the turn')),
      limits,
      outputSchema,
      own,
      progress: { steps: 0, tokens: 0, text: '', isDurable: false },
    };
    if (pending.compactRemark === undefined) await answer(turn, pending);
    else await compactOnly(turn, pending.compactRemark);
    end = { status: 'completed' };
  } catch (error) {
    end = endOf(error, controller.signal);
  }
  clearTimeout(timer);
  await own.close();
  await finish(thread, {
    type: 'end',
    id: pending.turn,
    ...end,
    durationMs: Math.round(performance.now() - started),
  });
}

function chooseModel(host: TurnHost, settings: Settings): Model {
  const { models } = host.slots;
  const model = models.get(settings.provider);
  if (model !== undefined) return model;
  const known = [...models.keys()].join(', ') || 'none';
  throw new KernelError(
    'model_config',
    `there is no model provider "${settings.provider}"; there are: ${known}`,
  );
}

function endOf(error: unknown, signal: AbortSignal): Omit<EndItem, 'type' | 'id' | 'durationMs'> {
  const cause: unknown = signal.aborted ? signal.reason : error;
  if (cause instanceof LimitReached)
    return { status: 'limit', limit: cause.limit, error: errorData(cause) };
  if (signal.aborted && asKernelError(cause).code === 'aborted') return { status: 'interrupted' };
  return { status: 'failed', error: errorData(cause) };
}

/** A store that failed has no end; its thread's status says so. */
async function finish(thread: Thread, end: EndItem): Promise<void> {
  try {
    await thread.append(
      [
        ...thread.discardOpen('the turn ended', new Set(['text', 'reasoning', 'args', 'output'])),
        end,
      ],
      { durable: true },
    );
  } catch {
    // told by the thread's status
  }
}

async function answer(turn: Turn, pending: Pending): Promise<void> {
  const { thread, host, id, settings, signal } = turn;
  let isBegun = false;
  const next = async (further: readonly Content[] = []): Promise<TurnOutcome> => {
    const input = isBegun ? further : [...pending.input, ...further];
    if (!isBegun) await readPrompts(turn, new Set(['fixed', 'thread', 'turn']));
    if (!isBegun) await offerTools(turn);
    const how = isBegun ? 'steer' : pending.how;
    if (input.length > 0)
      await thread.append([
        {
          type: 'user',
          content: input,
          how,
          ...(pending.clientId === undefined ? {} : { clientId: pending.clientId }),
        },
      ]);
    isBegun = true;
    await loop(turn);
    return { status: 'completed', text: turn.progress.text };
  };
  const context: TurnContext = {
    thread: thread.id,
    turn: id,
    settings,
    input: pending.input,
    signal,
    client: host.client('aroundTurn'),
    effects: bind(turn, { kind: 'hook', name: 'turn' }),
  };
  const step = (index: number, further?: readonly Content[]): Promise<TurnOutcome> => {
    const wrapper = host.slots.aroundTurn[index];
    return wrapper === undefined
      ? next(further)
      : wrapper(context, (input) => step(index + 1, input));
  };
  await within(step(0), { signal, what: 'the turn', graceMs: 800 });
}

/** The loop: ask, run what is called, ask again, until nothing is called and nothing was said meanwhile. */
async function loop(turn: Turn): Promise<void> {
  const { thread, progress } = turn;
  for (let isFirst = progress.steps === 0; ; isFirst = false) {
    turn.signal.throwIfAborted();
    checkLimits(turn);
    if (!isFirst) await readPrompts(turn, new Set(['turn']));
    if (isFull(thread, turn.model)) await compactNow(turn, 'full');
    const { calls, text, tokens } = await askModel(turn);
    progress.steps++;
    progress.tokens += tokens;
    if (text !== '') progress.text = text;
    await runCalls(calls, callContext(turn), (result) => thread.append([result]));
    turn.signal.throwIfAborted();
    const said = thread.steering.splice(0);
    for (const { input, clientId } of said)
      await thread.append([
        {
          type: 'user',
          content: input,
          how: 'steer',
          ...(clientId === undefined ? {} : { clientId }),
        },
      ]);
    if (calls.length > 0 || said.length > 0) continue;
    if (text === '')
      throw new KernelError(
        'model_answer',
        `${turn.model.name} answered nothing: say more, or try another model`,
        { plugin: turn.model.name },
      );
    return;
  }
}

function checkLimits({ limits, progress }: Turn): void {
  if (limits.steps !== undefined && progress.steps >= limits.steps)
    throw new LimitReached('steps', limits.steps);
  if (limits.tokens !== undefined && progress.tokens >= limits.tokens)
    throw new LimitReached('tokens', limits.tokens);
}

/** One step; when the provider says that the input is too long, once more after a compaction. */
async function askModel(turn: Turn): ReturnType<typeof runStep> {
  try {
    return await runStep(stepOptions(turn, 'auto'));
  } catch (error) {
    if (!(error instanceof KernelError) || error.code !== 'model_context') throw error;
    await compactNow(turn, 'refused');
    return runStep(stepOptions(turn, 'auto'));
  }
}

function stepOptions(turn: Turn, toolChoice: 'auto' | 'none') {
  const { thread, host, model, signal, outputSchema } = turn;
  const context = {
    signal,
    effects: bind(turn, { kind: 'plugin', name: model.name }),
    notice: noticeOf(turn, model.name),
  };
  return { thread, model, wrappers: host.slots.aroundModel, context, toolChoice, outputSchema };
}

function noticeOf({ thread }: Turn, plugin: string) {
  return (level: 'info' | 'warning', message: string) =>
    thread.notice({ level, plugin, code: 'notice', message });
}

async function compactOnly(turn: Turn, remark: string): Promise<void> {
  await readPrompts(turn, new Set(['fixed', 'thread', 'turn']));
  await compactNow(turn, 'asked', remark);
}

async function compactNow(
  turn: Turn,
  reason: 'full' | 'asked' | 'refused',
  remark?: string,
): Promise<void> {
  const { thread, host, model, signal } = turn;
  await compact({
    thread,
    model,
    compactors: host.slots.compactors,
    reason,
    remark,
    signal,
    ask: (input) => ask(turn, input),
  });
  await offerTools(turn);
  await readPrompts(turn, new Set(['fixed', 'thread', 'turn']));
}

/** A question of a compactor to the thread's model: same prefix, same tools, no calls; nothing of it is appended. */
async function ask(turn: Turn, input: string): Promise<string> {
  const { thread, model, progress } = turn;
  const part = {
    type: 'user',
    content: [{ type: 'text', text: input }],
    how: 'start',
    n: thread.items.length,
    at: 0,
  } as const;
  let text = '';
  for await (const event of callModel({ ...stepOptions(turn, 'none'), outputSchema: undefined }, [
    { part, text: model.encode(part) },
  ])) {
    if (event.type === 'output' && event.output.type === 'assistant') text += event.output.text;
    else if (event.type === 'restart') text = '';
    else if (event.type === 'done')
      progress.tokens += (event.usage?.input ?? 0) + (event.usage?.output ?? 0);
  }
  return text;
}

/** Tool definitions are fixed for the thread; only a window that has moved takes new ones. */
async function offerTools(turn: Turn): Promise<void> {
  const { thread, settings } = turn;
  const tools = offered(turn).map(({ name, description, inputSchema }): ToolDefinition => ({
    name,
    description,
    inputSchema,
  }));
  const hash = hashOf(JSON.stringify(tools));
  const before = thread.window.tools;
  const hasMoved =
    thread.items.findLast((item) => item.type === 'window' || item.type === 'tools')?.type ===
    'window';
  const isDue = before === undefined ? tools.length > 0 : hasMoved && before.hash !== hash;
  if (isDue && (tools.length === 0 || turn.model.traits(settings).tools))
    await thread.append([{ type: 'tools', tools, hash }]);
}

function offered(turn: Turn): readonly ToolDefinition[] {
  const { tools, clientTools = [] } = turn.settings;
  const own = [...turn.host.slots.tools].map(([name, tool]) => ({ ...tool, name }));
  return [
    ...own.filter((tool) => tools === undefined || tools.includes(tool.name)),
    ...clientTools,
  ];
}

/** Asks the sources that are due and appends what they answer, in the slot's order. */
async function readPrompts(turn: Turn, due: ReadonlySet<Stability>): Promise<void> {
  const { thread, host } = turn;
  const at = thread.items.length - 1;
  const sources = host.slots.prompts.filter(
    (source) => due.has(source.stability) && isDue(thread, source),
  );
  const answers = await Promise.all(sources.map((source) => readSource(turn, source)));
  const bodies = sources.flatMap((source, index) =>
    (answers[index] ?? []).map((appended) => bodyOf(source, appended, thread.window.isFresh)),
  );
  if (bodies.length > 0) await thread.append(bodies);
  for (const source of sources) thread.sourceRead.set(source.name, at);
}

function isDue(thread: Thread, source: PromptSource): boolean {
  return (
    source.stability !== 'fixed' ||
    (!thread.sourceRead.has(source.name) && thread.window.fragments(source.name).length === 0)
  );
}

async function readSource(turn: Turn, source: PromptSource): Promise<readonly Appended[]> {
  const { thread, settings, signal } = turn;
  const after = Math.max(
    thread.sourceRead.get(source.name) ?? -1,
    thread.window.lastRead(source.name),
  );
  try {
    const reading = source.read({
      thread: thread.id,
      settings,
      signal,
      since: thread.window.since(after),
      own: thread.window.fragments(source.name),
      tools: thread.window.tools?.tools ?? offered(turn),
      effects: bind(turn, { kind: 'plugin', name: source.name }),
      notice: noticeOf(turn, source.name),
    });
    return await within(reading, {
      signal,
      limitMs: sourceLimitMs,
      what: `prompt source ${source.name}`,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const { message } = asKernelError(error);
    thread.notice({
      level: 'warning',
      plugin: source.name,
      code: 'prompt',
      message: `nothing was added by prompt source ${source.name}: ${message}`,
    });
    return [];
  }
}

function bodyOf(source: PromptSource, appended: Appended, isFresh: boolean): Body {
  if ('refs' in appended) return { type: 'refs', plugin: source.name, ranges: [appended.refs] };
  const { role, text, source: from, pinned = false } = appended;
  const fragment: FragmentItem = {
    type: 'fragment',
    plugin: source.name,
    source: from,
    stability: source.stability,
    role: role === 'system' && !isFresh ? 'developer' : role,
    text,
    hash: hashOf(text),
    pinned,
  };
  return fragment;
}

function callContext(turn: Turn) {
  const { host, thread, signal, settings } = turn;
  const known = new Map<string, Tool>();
  for (const tool of settings.clientTools ?? []) known.set(tool.name, clientTool(turn, tool));
  for (const [name, tool] of host.slots.tools)
    if (settings.tools?.includes(name) ?? true) known.set(name, tool);
  const isClients = (tool: Tool) => !host.slots.tools.has(tool.name);
  return {
    signal,
    tool: (name: string) => {
      const tool = known.get(name);
      return tool !== undefined && (isClients(tool) || host.isLive(tool)) ? tool : undefined;
    },
    toolNames: [...known.keys()],
    wrappers: host.slots.aroundTool,
    bind: (item: CallItem, args: JsonSchema) => bindCall(turn, item, args),
    resultBytes: host.resultBytes,
    keep: async (text: string) => thread.blobs.put(Buffer.from(text)),
  };
}

/** A tool that a client provides: its `run` is a question. */
function clientTool(turn: Turn, definition: ToolDefinition): Tool {
  return {
    ...definition,
    run: async (args, { call, signal }) => {
      const { by, value, remark } = await turn.thread.ask(
        { kind: 'tool/call', name: call.name, args },
        call.id,
        signal,
      );
      if (by === 'nobody')
        throw new KernelError('not_found', `no client is there to run ${call.name}`);
      const content = (value as { readonly content?: readonly Content[] } | undefined)?.content; // the client's answer, in MCP's shape
      return content === undefined
        ? {
            content: [{ type: 'text', text: remark ?? 'the client gave no result' }],
            isError: true,
          }
        : { content };
    },
  };
}

function bindCall(turn: Turn, item: CallItem, args: JsonSchema): BoundCall {
  const { thread, host, id, settings, signal } = turn;
  const own = new Processes();
  const effects = bind(turn, { kind: 'tool', name: item.name }, { call: item.call, own });
  const call = { id: item.call, name: item.name, args, thread: thread.id, turn: id, settings };
  const progress = (text: string) => thread.delta(item.call, 'output', text, item.name);
  return {
    context: { call, signal, progress, client: host.client(item.name), effects },
    close: () => own.close(),
  };
}

function bind(
  turn: Turn,
  origin: Origin,
  at: { readonly call?: string; readonly own?: Processes } = {},
): Effects {
  const { host, thread, settings } = turn;
  const { call, own = turn.own } = at;
  return host.bind({
    thread,
    origin,
    settings,
    own,
    ...(call === undefined ? {} : { call }),
    wrappers: host.slots.aroundEffect,
    gate: gateOf(turn),
  });
}

function gateOf(turn: Turn): GateContext {
  const { thread, host, settings, signal, progress } = turn;
  return {
    get policies() {
      return [...new Set([...host.slots.policies, ...host.livePolicies()])];
    },
    settings,
    signal,
    ask: (question, call) => thread.ask(question, call, signal),
    record: (decision) => {
      const durable = !progress.isDurable && actsOutside(decision);
      progress.isDurable ||= durable;
      return thread.append([decision], { durable });
    },
    stop: turn.stop,
  };
}

/** What the turn's items must survive a power loss before: anything but reading, and asking the model. */
function actsOutside(decision: DecisionItem): boolean {
  return (
    decision.verdict === 'allow' &&
    decision.effect.kind !== 'read' &&
    !(decision.effect.kind === 'fetch' && decision.origin.kind === 'plugin')
  );
}
