/** The kernel: plugins in, a client out. */

import type * as plug from './contracts.ts';
import { effectsOutside } from './effects.ts';
import { conflict, fail, KernelError, notFound } from './errors.ts';
import { handlers } from './handlers.ts';
import type * as it from './item.ts';
import type { PluginSpec } from './plugin.ts';
import { Processes } from './processes.ts';
import type { Client } from './protocol.ts';
import { type Base, type Confined, type Lend, Registry } from './registry.ts';
import { entryOf, type NamedValues, type Slot } from './slot.ts';
import * as slots from './slots.ts';
import { subscribe } from './subscription.ts';
import { Threads } from './threads.ts';

/**
 * - `plugins`: in the order of configuration; default: none.
 * - `choose`: which entry of a choice slot to use, by slot: `{ sandboxes: 'none', stores: 'memory' }`.
 * - `settings`: defaults of new threads; what is missing: the process's cwd, workspace-write, on-request, no network.
 * - `limits`: defaults of each turn's.
 * - `env`: the environment that commands get; default: PATH and HOME.
 * - `resultBytes`: of a result that the model is shown; the rest is kept as a blob. Default 32768.
 */
export type KernelOptions = Readonly<{ plugins?: readonly PluginSpec[] } & Choices & Defaults>;
type Choices = { choose?: plug.Strings; env?: plug.Strings };
type Defaults = { settings?: Partial<it.Settings>; limits?: it.Limits; resultBytes?: number };

/** Disposing ends everything that is ours: turns, processes, plugins (last first). */
export interface Kernel extends AsyncDisposable {
  /** A client under this name. */
  readonly client: (name: string) => Client;
  /** Runs a front end to its exit code. `not_found` names those there are. */
  readonly run: (name: string, argv: readonly string[], signal?: AbortSignal) => Promise<number>;
}

/** Starts the plugins in order. What had started is undone, last first, when one fails. */
export async function createKernel(options: KernelOptions = {}): Promise<Kernel> {
  await using started = new AsyncDisposableStack();
  const registry = started.use(new Registry());
  const base = baseOf(options, registry, (name) => clientOf(threads, name));
  const threads = started.use(new Threads(base));
  const lend: Lend = (plugin, scope, signal) => {
    const own = scope.use(new Processes());
    const effects = effectsOutside(base, { kind: 'plugin', name: plugin }, own, signal);
    return { client: base.client(plugin), effects };
  };
  for (const spec of options.plugins ?? []) await registry.start(spec, lend);
  checkNames(registry);
  const running = started.move();
  return {
    client: base.client,
    run: async (name, argv, signal = new AbortController().signal) => {
      const frontEnd = entryOf(registry.get(slots.frontEnds), name, `front end "${name}"`);
      return frontEnd.run(base.client(name), argv, signal);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function baseOf(options: KernelOptions, registry: Registry, client: Base['client']): Base {
  const { PATH = '', HOME = '' } = process.env;
  const { limits, resultBytes = 32_768, choose = {}, env = { PATH, HOME } } = options;
  const cwd = options.settings?.cwd ?? process.cwd();
  const least = { sandbox: 'workspace-write', approval: 'on-request', network: false } as const;
  const settings = { provider: 'none', ...least, cwd, roots: [cwd], ...options.settings };
  /** Of a choice slot: the value that configuration names, else all. */
  const choices = <T extends { name: string }>(slot: Slot<T, readonly T[]>): readonly T[] => {
    const all = registry.get(slot);
    const name = choose[slot.name];
    const known = new Map(all.map((value) => [value.name, value]));
    return name === undefined ? all : [entryOf(known, name, `"${name}" in ${slot.name}`)];
  };
  const advice = 'start the thread as ephemeral, or add a stores plugin such as "jsonl"';
  const store = () => choices(slots.stores)[0] ?? fail(notFound`no store is loaded: ${advice}`);
  const noMachine = 'no machine is loaded: add the plugin "local"';
  const machine = () => choices(slots.machines)[0] ?? fail(notFound`${noMachine}`);
  const isNamed = choose['sandboxes'] !== undefined;
  let best: Promise<Confined | undefined> | undefined;
  const sandbox = () => (best ??= chooseSandbox(choices(slots.sandboxes), isNamed, registry));
  return { registry, client, settings, limits, resultBytes, env, store, machine, sandbox };
}

/** The one that is named, else the first that confines fully, else, with a notice, the first that does in part. */
async function chooseSandbox(all: readonly plug.Sandbox[], isNamed: boolean, registry: Registry) {
  let best: Confined | undefined;
  for (const sandbox of all) {
    const { level, reasons } = await sandbox.probe();
    if (isNamed || level === 'full') return { sandbox, level };
    if (level === 'none') continue;
    best ??= { sandbox, level };
    registry.notice('warning', sandbox.name, `confines only in part: ${reasons.join('; ')}`);
  }
  return best;
}

/** A name that two plugins want is the first one's; that of a request stops the start. */
function checkNames(registry: Registry): void {
  for (const slot of [slots.models, slots.tools, slots.commands, slots.frontEnds, slots.requests]) {
    const { clashes } = registry.get<never, NamedValues<unknown>>(slot);
    for (const { name, plugin, became } of clashes) {
      const clash = `expected one requests entry "${name}", but ${plugin} adds another`;
      if (slot === slots.requests) throw new KernelError('plugin', clash, { plugin });
      const text = `"${name}" is taken in ${slot.name}, so its own is "${became}"`;
      registry.notice('warning', plugin, text);
    }
  }
}

function clientOf(threads: Threads, name: string): Client {
  const { registry } = threads.base;
  const client: Client = {
    name,
    request: async (method, params) => {
      if (threads.isClosed) throw conflict`the kernel has been closed`;
      if (!Object.hasOwn(handlers, method)) throw notFound`there is no request "${method}"`;
      return handlers[method](threads, params, name);
    },
    call: async (method, params, signal = new AbortController().signal) => {
      const handler = entryOf(registry.get(slots.requests), method, `request "${method}"`);
      await using own = new Processes();
      const effects = effectsOutside(threads.base, { kind: 'client', name }, own, signal);
      return await handler.run(params, { client, signal, effects });
    },
    subscribe: (options) => subscribe(threads.get(options.thread), options),
    listen: (listener) => registry.listen(name, listener),
  };
  return client;
}
