/** Plugins and what they added: started in order, undone last first, completely. */

import { asKernelError, errorData, KernelError, messageOf } from './errors.ts';
import type { Host, Plugin } from './plugin.ts';
import type { DescribedPlugin, DescribedSlot } from './protocol.ts';
import { within } from './race.ts';
import { type Entry, type Order, type Slot, sortEntries, type Tier } from './slot.ts';

/** How long a plugin may take to start, and to stop. */
const setupMs = 10_000;
const stopMs = 3_000;

/** A plugin with its place: its tier (default: user), and the default order of what it adds. */
export interface PluginSpec {
  readonly plugin: Plugin;
  readonly tier?: Tier;
  readonly order?: Order;
  /** When its setup fails: a notice instead of a failed start. */
  readonly optional?: boolean;
}

type Held = {
  readonly slot: Slot<never>;
  entries: readonly Entry<unknown>[];
  combined?: { readonly value: unknown };
};
type MakeHost = (
  name: string,
  scope: AsyncDisposableStack,
) => Pick<Host, 'client' | 'effects' | 'log'>;

export class Registry {
  readonly #slots = new Map<string, Held>();
  readonly #plugins = new Map<string, DescribedPlugin>();
  readonly #started = new AsyncDisposableStack();
  #count = 0;

  #held(slot: Slot<never>): Held {
    const held = this.#slots.get(slot.name) ?? { slot, entries: [] };
    this.#slots.set(slot.name, held);
    return held;
  }

  /** What a slot holds now. */
  get<In, Out>(slot: Slot<In, Out>): Out {
    const held = this.#held(slot);
    // Slots are matched by name, so what this one combines is what that one took.
    held.combined ??= { value: slot.combine(sortEntries(held.entries) as readonly Entry<In>[]) };
    return held.combined.value as Out;
  }

  #set(held: Held, entries: readonly Entry<unknown>[]): void {
    held.entries = entries;
    held.combined = undefined;
  }

  /** Starts one plugin. What it throws is thrown with its name; for an optional one it is given back. */
  async start(
    { plugin, tier = 'user', order: usual, optional }: PluginSpec,
    makeHost: MakeHost,
  ): Promise<KernelError | undefined> {
    const { name } = plugin;
    const began = performance.now();
    const scope = new AsyncDisposableStack();
    const controller = new AbortController();
    scope.defer(() => controller.abort());
    const add: Host['add'] = (slot, value, order = usual) => {
      const held = this.#held(slot);
      const entry = { value, plugin: name, tier, order, index: this.#count++ };
      this.#set(held, [...held.entries, entry]);
      return scope.use({
        [Symbol.dispose]: () =>
          this.#set(
            held,
            held.entries.filter((one) => one !== entry),
          ),
      });
    };
    let error: KernelError | undefined;
    try {
      this.#check(plugin);
      const parts = makeHost(name, scope);
      const host: Host = {
        ...parts,
        add,
        get: (slot) => this.get(slot),
        scope,
        signal: controller.signal,
      };
      await within(Promise.try(plugin.setup, host), { limitMs: setupMs, what: 'its setup' });
      this.#started.defer(() => stop(name, scope));
    } catch (thrown) {
      await stop(name, scope);
      error = new KernelError(
        asKernelError(thrown).code,
        `plugin ${name} did not start: ${messageOf(thrown)}`,
        { plugin: name, cause: thrown },
      );
      if (optional !== true) throw error;
    }
    const failure = error && { error: errorData(error) };
    this.#plugins.set(name, { name, tier, setupMs: performance.now() - began, ...failure });
    return error;
  }

  #check({ name, api }: Plugin): void {
    const level = `it is for API level ${String(api)}, and this program has level 1: update one of them`;
    if (api !== 1) throw new KernelError('plugin', level);
    const twice = 'another plugin has this name: remove one of them, or give it another name';
    if (this.#plugins.has(name)) throw new KernelError('plugin', twice);
  }

  /** Stops all plugins, last first. */
  close(): Promise<void> {
    return this.#started.disposeAsync();
  }

  describe(): {
    readonly slots: readonly DescribedSlot[];
    readonly plugins: readonly DescribedPlugin[];
  } {
    const nameOf = (value: unknown) => Object(value).name as string | undefined; // functions and objects may have one
    const show = ({ value, plugin, tier }: Entry<unknown>) => ({
      name: nameOf(value) || plugin,
      plugin,
      tier,
    });
    const held = [...this.#slots.values()].filter(({ entries }) => entries.length > 0);
    const slots = held.map(({ slot: { name, kind }, entries }) => ({
      slot: name,
      kind,
      entries: sortEntries(entries).map(show),
    }));
    return { slots, plugins: [...this.#plugins.values()] };
  }
}

/** A plugin that hangs or throws when it stops must not keep others from stopping. */
async function stop(name: string, scope: AsyncDisposableStack): Promise<void> {
  try {
    await within(scope.disposeAsync(), { limitMs: stopMs, what: 'its stop' });
  } catch (error) {
    process.emitWarning(`plugin ${name} did not stop cleanly: ${messageOf(error)}`);
  }
}
