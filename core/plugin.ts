/** The plugin contract: what a plugin is, and what the kernel gives it. */

import type { Effects } from './contracts.ts';
import type { Client } from './protocol.ts';
import type { Get, Order, Slot, Tier } from './slot.ts';

/** A value that contributes to slots. `setup` adds; what it added is undone when the plugin stops. */
export interface Plugin {
  readonly name: string;
  /** The level of this contract; a plugin for another level is refused. */
  readonly api: 1;
  /** Has 10 s. What it throws stops the start, naming the plugin, unless the plugin is optional. */
  readonly setup: (host: Host) => void | Promise<void>;
}

/** The kernel as one plugin sees it. */
export interface Host {
  /** Adds a value to a slot until disposed or until the plugin stops. */
  readonly add: <In>(slot: Slot<In>, value: In, order?: Order) => Disposable;
  /** What a slot holds now. */
  readonly get: Get;
  /** The protocol, as this plugin. */
  readonly client: Client;
  /** The only door to processes, files and network, as this plugin, outside any thread. */
  readonly effects: Effects;
  /** Disposed when the plugin stops: last in, first undone. */
  readonly scope: AsyncDisposableStack;
  /** Aborted when the plugin stops. */
  readonly signal: AbortSignal;
  /** Goes to the log, redacted, under the plugin's name. */
  readonly log: (message: string, data?: unknown) => void;
}

/** What a plugin module's default export is: options in, plugin out. */
export type PluginFactory<Options = unknown> = (options: Options) => Plugin;

/**
 * A plugin in a configuration: its tier (default: user), and the default order of what it adds. When the setup of an
 * `optional` one fails, that is a notice instead of a failed start.
 */
export type PluginSpec = Readonly<{ plugin: Plugin; tier?: Tier; order?: Order } & Leniency>;
type Leniency = { optional?: boolean };
