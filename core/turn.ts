/** A turn while it runs: its settings stay as they were when it began, and so does what it read from the slots. */

import type * as plug from './contracts.ts';
import { bindEffects, type Processes, type World } from './effects.ts';
import { aborted, fail, noModel, notFound } from './errors.ts';
import type * as it from './item.ts';
import type { Client } from './protocol.ts';
import type { Registry } from './registry.ts';
import type { Get } from './slot.ts';
import * as slots from './slots.ts';
import type { Running, Thread } from './thread.ts';

/** What the parts of a kernel share. */
export interface Base {
  readonly registry: Registry;
  readonly world: World;
  readonly store: () => plug.Store;
  readonly client: (name: string) => Client;
  /** Defaults of new threads. */
  readonly settings: it.Settings;
  /** Defaults of each turn. */
  readonly limits?: it.Limits;
  /** Bytes of a result that the model is shown. */
  readonly resultBytes: number;
}

/** `spent`: model calls, tokens, and the model's last text. */
export type Turn = ReturnType<typeof makeTurn>;

/** Reads the slots, once. What narrows counts at once all the same: policies that came, tools that went. */
export function makeTurn(thread: Thread, running: Running, base: Base, rest: Processes) {
  const { registry, world } = base;
  const { settings, id, processes: kept } = thread;
  const { controller } = running;
  const { signal } = controller;
  const get = registry.freeze();
  const model = modelOf(get, settings);
  let isDurable = false;
  /** Before the first effect that acts outside, the turn's items are made safe from a power loss. */
  const record = (decision: it.DecisionItem) => {
    const durable = !isDurable && actsOutside(decision);
    isDurable ||= durable;
    return thread.append([decision], { durable });
  };
  const common = { ...world, thread: id, settings, signal, kept, record };
  /** What a plugin is given to work with, as this origin. */
  const lend = (origin: it.Origin, call?: string, own = rest) => {
    const effects = bindEffects({
      ...common,
      origin,
      call,
      own,
      wrappers: () => get(slots.aroundEffect),
      policies: () => [...new Set([...get(slots.policies), ...registry.get(slots.policies)])],
      ask: (question) => thread.ask(question, call, signal),
      stop: () => controller.abort(aborted`the user stopped the turn`),
      stored: (path) => thread.stored(path),
    });
    const notice: plug.Notify = (level, message) => thread.notice(level, origin.name, message);
    return { thread: id, settings, signal, client: base.client(origin.name), effects, notice };
  };
  const tools = () => toolsOf(thread, settings, get, registry.get);
  const spent = { steps: 0, tokens: 0, text: '' };
  return { thread, running, base, settings, model, signal, get, lend, tools, spent };
}

/** The model of these settings; throws `model_config`. */
export function modelOf(get: Get, { provider }: it.Settings): plug.Model {
  const models = get(slots.models);
  const known = [...models.keys()].join(', ') || 'none';
  const unknown = noModel`there is no model provider "${provider}"; there are: ${known}`;
  return models.get(provider) ?? fail(unknown);
}

/** Whether this changes something, or is seen elsewhere: all but reading, and asking the model. */
function actsOutside({ verdict, effect: { kind }, origin }: it.DecisionItem): boolean {
  return verdict === 'allow' && kind !== 'read' && !(kind === 'fetch' && origin.kind === 'plugin');
}

/** By the names in force. A client's tool is a tool whose `run` is a question. */
function toolsOf(thread: Thread, settings: it.Settings, get: Get, live: Get) {
  const { clientTools = [] } = settings;
  const subsets = [settings.tools, thread.settings.tools];
  const run: plug.Tool['run'] = async (args, { call: { id, name }, signal }) => {
    const { value, remark } = await thread.ask({ kind: 'tool/call', name, args }, id, signal);
    const result = value as Partial<plug.ToolResult> | undefined; // in MCP's shape
    const none = notFound`${remark ?? `no client ran ${name}`}`;
    return { ...result, content: result?.content ?? fail(none) };
  };
  const alive = new Set(live(slots.tools).values());
  const isOffered = ([name, tool]: readonly [string, plug.Tool]) =>
    alive.has(tool) && subsets.every((subset) => subset?.includes(name) ?? true);
  const offered = [...get(slots.tools)].filter(isOffered);
  return new Map<string, plug.Tool>([
    ...offered.map(([name, tool]) => [name, { ...tool, name }] as const),
    ...clientTools.map((tool) => [tool.name, { ...tool, run }] as const),
  ]);
}
