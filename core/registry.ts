/** Plugins and what they added: started in order, undone last first, completely. */

import { asKernelError, errorData, KernelError } from './errors.ts';
import type { Host, Plugin } from './plugin.ts';
import type { DescribedPlugin, DescribedSlot } from './protocol.ts';
import { within } from './race.ts';
import { type Entry, type Slot, sortEntries, type Tier } from './slot.ts';

/** How long a plugin may take to start, and to stop. */
const setupMs = 10_000;
const stopMs = 3_000;

/** A plugin with its place. */
export interface PluginSpec {
  readonly plugin: Plugin;
  /** Default: user. */
  readonly tier?: Tier;
  /** Default order of all that it adds. */
  readonly order?: 'first' | 'last';
  /** When its setup fails: a notice instead of a failed start. */
  readonly optional?: boolean;
}

/** What the kernel makes for one plugin beside slots. */
export type HostParts = Pick<Host, 'client' | 'effects' | 'log'>;

interface Held {
  readonly slot: Slot<never>;
  readonly entries: Entry<unknown>[];
  combined: { readonly value: unknown } | undefined;
}

export class Registry {
  readonly #slots = new Map<string, Held>();
  readonly #plugins = new Map<string, DescribedPlugin>();
  readonly #started = new AsyncDisposableStack();
  #index = 0;

  /** What a slot holds now. */
  get<In, Out>(slot: Slot<In, Out>): Out {
    const held = this.#held(slot);
    // Slots are matched by name, so what this one combines is what that one took.
    held.combined ??= { value: slot.combine(sortEntries(held.entries) as readonly Entry<In>[]) };
    return held.combined.value as Out;
  }

  /** Whether a value is in a slot now. */
  has<In>(slot: Slot<In>, value: In): boolean {
    return this.#held(slot).entries.some((entry) => entry.value === value);
  }

  #held<In>(slot: Slot<In>): Held {
    const known = this.#slots.get(slot.name);
    if (known !== undefined) return known;
    const held: Held = { slot, entries: [], combined: undefined };
    this.#slots.set(slot.name, held);
    return held;
  }

  #add<In>(slot: Slot<In>, value: In, by: Omit<Entry<In>, 'value' | 'index'>): Disposable {
    const held = this.#held(slot);
    const entry = { ...by, value, index: this.#index++ };
    held.entries.push(entry);
    held.combined = undefined;
    return {
      [Symbol.dispose]: () => {
        const at = held.entries.indexOf(entry);
        if (at >= 0) held.entries.splice(at, 1);
        held.combined = undefined;
      },
    };
  }

  /** Starts one plugin. What it throws is thrown with its name, unless it is optional; then it is returned. */
  async start(
    spec: PluginSpec,
    makeHost: (name: string, scope: AsyncDisposableStack) => HostParts,
  ): Promise<KernelError | undefined> {
    const { plugin, tier = 'user', optional = false } = spec;
    const started = performance.now();
    const scope = new AsyncDisposableStack();
    const controller = new AbortController();
    scope.defer(() => controller.abort());
    const add: Host['add'] = (slot, value, order = spec.order) => {
      if (scope.disposed)
        throw new KernelError(
          'plugin',
          `plugin ${plugin.name} adds to ${slot.name} after it has stopped`,
          { plugin: plugin.name },
        );
      return scope.use(this.#add(slot, value, { plugin: plugin.name, tier, order }));
    };
    try {
      this.#check(plugin);
      const parts = makeHost(plugin.name, scope);
      const host: Host = {
        ...parts,
        add,
        get: (slot) => this.get(slot),
        scope,
        signal: controller.signal,
      };
      await within(
        Promise.try(() => plugin.setup(host)),
        { limitMs: setupMs, what: `the start of plugin ${plugin.name}` },
      );
    } catch (thrown) {
      const error = asKernelError(thrown, plugin.name);
      await scope.disposeAsync();
      this.#plugins.set(plugin.name, {
        name: plugin.name,
        tier,
        setupMs: performance.now() - started,
        error: errorData(error),
      });
      if (!optional)
        throw new KernelError(error.code, `plugin ${plugin.name} did not start: ${error.message}`, {
          plugin: plugin.name,
          cause: thrown,
        });
      return error;
    }
    this.#plugins.set(plugin.name, {
      name: plugin.name,
      tier,
      setupMs: performance.now() - started,
    });
    this.#started.defer(() => stop(plugin.name, scope));
    return undefined;
  }

  #check(plugin: Plugin): void {
    const { name } = plugin;
    if (plugin.api !== 1) {
      throw new KernelError(
        'plugin',
        `expected a plugin for API level 1, but ${name} is for ${String(plugin.api)}: update it, or this program`,
        { plugin: name },
      );
    }
    const known = this.#plugins.get(name);
    if (known !== undefined && known.error === undefined) {
      throw new KernelError(
        'plugin',
        `two plugins are named ${name}: remove one of them, or give it another name`,
        { plugin: name },
      );
    }
  }

  /** Stops all plugins, last first. Throws nothing but a defect of ours. */
  async close(): Promise<void> {
    await this.#started.disposeAsync();
  }

  describe(): {
    readonly slots: readonly DescribedSlot[];
    readonly plugins: readonly DescribedPlugin[];
  } {
    const slots = [...this.#slots.values()].map(({ slot, entries }) => ({
      slot: slot.name,
      kind: slot.kind,
      entries: sortEntries(entries).map(({ value, plugin, tier }) => ({
        name: nameOf(value) ?? plugin,
        plugin,
        tier,
      })),
    }));
    return {
      slots: slots.filter((slot) => slot.entries.length > 0),
      plugins: [...this.#plugins.values()],
    };
  }
}

/** A plugin that hangs or throws when it stops must not keep others from stopping. */
async function stop(name: string, scope: AsyncDisposableStack): Promise<void> {
  try {
    await within(scope.disposeAsync(), { limitMs: stopMs, what: `the stop of plugin ${name}` });
  } catch (error) {
    process.emitWarning(`plugin ${name} did not stop cleanly: ${asKernelError(error).message}`);
  }
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && 'name' in value
    ? String(value.name)
    : undefined;
}
