/** Plugins and what they added: started in order, undone last first, completely; and what they are told. */

import type * as plug from './contracts.ts';
import { asKernelError, errorData, KernelError, messageOf } from './errors.ts';
import type { DecisionItem, ErrorData, Level, Limits, NoticeItem, Settings } from './item.ts';
import type { Host, PluginSpec } from './plugin.ts';
import type { Client, DescribedPlugin, Description, Event, Listener } from './protocol.ts';
import { within } from './race.ts';
import { redactData } from './redact.ts';
import { type Entry, type Get, type Slot, sortEntries } from './slot.ts';
import * as slots from './slots.ts';

/** How long a plugin may take to start, and to stop. */
const startMs = 10_000;
const stopMs = 3_000;

const twice = 'another plugin has this name: remove one of them, or give it another name';

/** A slot and its entries, sorted: replaced by each change, never changed. */
type Held = { slot: Slot<never>; entries: readonly Entry<never>[]; combined?: { value: unknown } };
type Lent = Pick<Host, 'client' | 'effects'>;
/** What a plugin's host has of the kernel. */
export type Lend = (name: string, scope: AsyncDisposableStack, signal: AbortSignal) => Lent;

export class Registry implements AsyncDisposable {
  readonly #slots = new Map<string, Held>();
  readonly #plugins: DescribedPlugin[] = [];
  readonly #started = new AsyncDisposableStack();
  readonly #listeners = new Set<Readonly<{ plugin: string; value: Listener }>>();
  /** What was noticed beside threads. */
  readonly notices: NoticeItem[] = [];

  /** What a slot holds now. */
  readonly get: Get = (slot) => read(this.#slots, slot);

  /** What the slots hold now, whatever happens to them later. */
  freeze(frozen = new Map(this.#slots)): Get {
    return (slot) => read(frozen, slot);
  }

  /** Starts one plugin. What it throws is thrown with its name, and for an optional one is a notice. */
  async start(spec: PluginSpec, lend: Lend) {
    const { plugin, tier = 'user', order: usual, optional = false } = spec;
    const { name, api } = plugin;
    const level = `it is for API level ${String(api)}, and this program has level 1: update one of them`;
    const began = performance.now();
    const scope = new AsyncDisposableStack();
    const controller = new AbortController();
    const { signal } = controller;
    scope.defer(() => controller.abort());
    const add: Host['add'] = (slot, value, order = usual) => {
      const entry = { value, plugin: name, tier, order } as Entry<never>; // of what its slot takes
      const remove = () => this.#change(slot, (all) => all.filter((one) => one !== entry));
      const added = scope.use({ [Symbol.dispose]: remove });
      this.#change(slot, (all) => sortEntries([...all, entry]));
      return added;
    };
    const log: Host['log'] = (message, data) =>
      this.emit(this.clean({ type: 'log', plugin: name, message, data }));
    let error: ErrorData | undefined;
    try {
      if (api !== 1) throw new KernelError('plugin', level);
      if (this.#plugins.some((one) => one.name === name)) throw new KernelError('plugin', twice);
      const host: Host = { ...lend(name, scope, signal), add, get: this.get, scope, signal, log };
      await within(Promise.try(plugin.setup, host), { limitMs: startMs, what: 'its setup' });
      this.#started.defer(() => stop(name, scope));
    } catch (cause) {
      await stop(name, scope);
      const message = `plugin ${name} did not start: ${messageOf(cause)}`;
      const fault = new KernelError(asKernelError(cause).code, message, { plugin: name, cause });
      if (!optional) throw fault;
      this.notice('warning', name, message);
      error = errorData(fault);
    }
    this.#plugins.push({ name, tier, setupMs: performance.now() - began, ...(error && { error }) });
  }

  #change(slot: Slot<never>, edit: (entries: Held['entries']) => Held['entries']): void {
    this.#slots.set(slot.name, { slot, entries: edit(this.#slots.get(slot.name)?.entries ?? []) });
  }

  /** Stops all plugins, last first. */
  readonly [Symbol.asyncDispose] = () => this.#started.disposeAsync();

  describe(): Omit<Description, 'threads'> {
    const filled = [...this.#slots.values()].filter(({ entries }) => entries.length > 0);
    const described = filled.map(({ slot: { name, kind }, entries }) => {
      return { slot: name, kind, entries: entries.map(describe) };
    });
    return { slots: described, plugins: this.#plugins, notices: this.notices };
  }

  /** What enters a thread, an event or the log, redacted. */
  readonly clean = <T>(value: T): T => redactData(value, this.get(slots.redactors));

  /** An effect outside any thread. */
  readonly decided = (decision: DecisionItem) =>
    this.emit({ type: 'effect/decided', decision: this.clean(decision) });

  notice(level: Level, plugin: string, message: string): void {
    const notice: NoticeItem = this.clean({ type: 'notice', level, plugin, message });
    this.notices.push(notice);
    this.emit({ type: 'notice', notice });
  }

  /** Kernel events, and the status of every thread, until disposed. */
  listen(plugin: string, value: Listener): Disposable {
    const listener = { plugin, value };
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Tells observers and listeners what is redacted already. Who throws gives a warning of the process, nothing else. */
  emit(event: Event): void {
    const observers = this.#slots.get(slots.observers.name)?.entries ?? [];
    const isOfThread = event.type === 'item/appended' || event.type === 'item/delta';
    for (const { value: tell, plugin } of [...observers, ...(isOfThread ? [] : this.#listeners)]) {
      try {
        tell(event as Parameters<Listener>[0]); // listeners are told just these
      } catch (error) {
        process.emitWarning(`an observer or listener of ${plugin} failed: ${messageOf(error)}`);
      }
    }
  }
}

/** Functions and objects may have a name. */
function describe({ value, plugin, tier }: Entry<unknown>) {
  const { name } = Object(value) as { name?: string }; // of whatever type
  return { name: name || plugin, plugin, tier };
}

/** Slots are matched by name: what this one combines is what that one took. */
function read<In, Out>(all: ReadonlyMap<string, Held>, slot: Slot<In, Out>): Out {
  const held = all.get(slot.name);
  if (held === undefined) return slot.combine([]);
  held.combined ??= { value: slot.combine(held.entries) };
  return held.combined.value as Out; // of a slot of this name
}

/** A plugin that hangs or throws when it stops must not keep others from stopping. */
async function stop(name: string, scope: AsyncDisposableStack): Promise<void> {
  const warn = (error: unknown) =>
    process.emitWarning(`plugin ${name} did not stop cleanly: ${messageOf(error)}`);
  await within(scope.disposeAsync(), { limitMs: stopMs, what: 'its stop' }).catch(warn);
}

/** What the parts of a kernel share. `resultBytes`: of a result that the model is shown. `settings` are of new threads, `limits` of each turn. */
export type Base = Readonly<{ registry: Registry; resultBytes: number } & Defaults & Choices>;
type Defaults = { settings: Settings; limits?: Limits; client: (name: string) => Client };
/** `env` is what commands get; `sandbox` is the one in use, if one was found. */
type Choices = { env: plug.Strings; machine: () => plug.Machine; store: () => plug.Store } & Found;
type Found = { sandbox: () => Promise<Confined | undefined> };
export type Confined = Readonly<{ level: plug.Confinement; sandbox: Pick<plug.Sandbox, 'plan'> }>;
