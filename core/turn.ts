/** A turn while it runs: its settings stay as they were when it began, and so does what it read from the slots. */

import type * as plug from './contracts.ts';
import { bindEffects } from './effects.ts';
import { noModel, notFound } from './errors.ts';
import type * as it from './item.ts';
import type { Processes } from './processes.ts';
import type { Base } from './registry.ts';
import { entryOf, type Get } from './slot.ts';
import * as slots from './slots.ts';
import type { Running, Thread } from './thread.ts';

/** `spent`: model calls, tokens, and the model's last text. */
export type Turn = Readonly<{ thread: Thread; running: Running; base: Base; get: Get } & Bound>;
type Bound = { settings: it.Settings; model: plug.Model; signal: AbortSignal; lend: Lend } & Has;
type Has = { tools: () => ReadonlyMap<string, plug.Tool>; spent: Spent };
type Spent = { steps: number; tokens: number; text: string };
type Lend = (origin: it.Origin, call?: string, own?: Processes) => plug.PluginContext;

/** Reads the slots, once. What narrows counts at once all the same: policies that came, tools that went. */
export function makeTurn(thread: Thread, running: Running, base: Base, rest: Processes): Turn {
  const { settings, id } = thread;
  const { signal } = running.controller;
  const get = base.registry.freeze();
  const model = modelOf(get, settings);
  /** What a plugin is given to work with, as this origin. */
  const lend: Lend = (origin, call, own = rest) => {
    const effects = bindEffects({ base, origin, call, own, signal, thread, settings, get });
    const notice: plug.Notify = (level, message) => thread.notice(level, origin.name, message);
    return { thread: id, settings, signal, client: base.client(origin.name), effects, notice };
  };
  const tools = () => toolsOf(thread, settings, get, base.registry.get);
  const spent = { steps: 0, tokens: 0, text: '' };
  return { thread, running, base, settings, model, signal, get, lend, tools, spent };
}

/** The model of these settings; throws `model_config`. */
export const modelOf = (get: Get, { provider }: it.Settings) =>
  entryOf(get(slots.models), provider, `model provider "${provider}"`, noModel);

/** By the names in force. A client's tool is a tool whose `run` is a question. */
function toolsOf(thread: Thread, settings: it.Settings, get: Get, live: Get) {
  const { clientTools = [] } = settings;
  const subsets = [settings.tools, thread.settings.tools];
  const run: plug.Tool['run'] = async (args, { call: { id, name }, signal }) => {
    const { value, remark } = await thread.ask({ kind: 'tool/call', name, args }, id, signal);
    const result = value as Partial<plug.ToolResult> | undefined; // in MCP's shape
    if (result?.content === undefined) throw notFound`${remark ?? `no client ran ${name}`}`;
    return { ...result, content: result.content };
  };
  const alive = new Set(live(slots.tools).values());
  const isIn = (name: string) => subsets.every((subset) => subset?.includes(name) ?? true);
  const tools = new Map<string, plug.Tool>();
  for (const [name, tool] of get(slots.tools))
    if (alive.has(tool) && isIn(name)) tools.set(name, { ...tool, name });
  for (const tool of clientTools) tools.set(tool.name, { ...tool, run });
  return tools;
}
