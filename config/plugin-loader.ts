/** From plugins by name to running code: built-in name, path, or npm package. */

import { KernelError, messageOf } from '../core/errors.ts';
import type { Plugin } from '../core/plugin.ts';
import { within } from '../core/race.ts';
import type { Tier } from '../core/slot.ts';
import { builtins } from './builtin.ts';
import type { ConfigData } from './key-path.ts';
import type { PluginRequest } from './plugin-plan.ts';
import type { Guard, PluginModules } from './plugin-modules.ts';
import { folderOf, isPath } from './plugin-path.ts';
import { didYouMean } from './suggest.ts';

/** What a plugin's module gives: a factory, and what its options are checked by. */
export interface PluginModule {
  readonly default?: unknown;
  readonly options?: unknown;
}

/** A plugin ready to be started, and what loading it cost. */
export interface LoadedPlugin {
  readonly name: string;
  readonly plugin: Plugin;
  readonly tier: Tier;
  readonly order?: 'first' | 'last';
  readonly optional: boolean;
  readonly importMs: number;
}

/** How plugins are loaded. */
export interface LoaderOptions {
  /** The user's folder, where packages are looked for beside the folder of the file that names them. */
  readonly userFolder: string;
  /** What of the repository may run; absent: everything. */
  readonly guard?: Guard;
  /** Files that are allowed by their content: SHA-256 by path. */
  readonly pins?: ReadonlyMap<string, string>;
  /** Whether options were found valid before, so that a lazy schema need not be asked. */
  readonly isValidated: boolean;
  /** How long the import of a plugin that is not ours may take; default 10 s, as long as its `setup`. */
  readonly importLimitMs?: number;
  /** Of the configuration: plugins' files are read anew for another one. */
  readonly version?: string;
}

/** Loaded plugins; disposing lets go of the module hooks that those which are not ours need. */
export interface LoadedPlugins extends Disposable {
  readonly plugins: readonly LoadedPlugin[];
  /** What did not load though it was asked for, when it is optional. */
  readonly failed: readonly { readonly name: string; readonly error: KernelError }[];
}

/**
 * Loads plugins in parallel, in order. Throws KernelError `plugin` naming the plugin, the file that names it, and what
 * to do; an optional plugin that fails is only reported.
 */
export async function loadPlugins(
  requests: readonly PluginRequest[],
  options: LoaderOptions,
): Promise<LoadedPlugins> {
  const isForeign = requests.some(({ use }) => !Object.hasOwn(builtins, use));
  const modules = isForeign ? await openModules(options) : undefined;
  const dispose = () => modules?.[Symbol.dispose]();
  const failed: { name: string; error: KernelError }[] = [];
  try {
    const loaded = await Promise.all(
      requests.map(async (request) => {
        try {
          return await loadPlugin(request, options, modules);
        } catch (error) {
          if (!request.optional || !(error instanceof KernelError)) throw error;
          failed.push({ name: request.name, error });
          return undefined;
        }
      }),
    );
    const plugins = loaded.filter((one) => one !== undefined);
    checkNames(plugins);
    return { plugins, failed, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

async function openModules(options: LoaderOptions): Promise<PluginModules> {
  const { PluginModules: Modules } = await import('./plugin-modules.ts');
  return new Modules(options);
}

async function loadPlugin(
  request: PluginRequest,
  options: LoaderOptions,
  modules: PluginModules | undefined,
): Promise<LoadedPlugin> {
  const startMs = performance.now();
  const builtin = Object.hasOwn(builtins, request.use) ? builtins[request.use] : undefined;
  const module = await importModule(request, () =>
    builtin ? builtin.load() : importForeign(request, options, modules),
  );
  const checked = builtin ? request.options : await checkOptions(request, module, options);
  const plugin = makePlugin(request, module, checked);
  const { name, tier, order, optional } = request;
  const importMs = performance.now() - startMs;
  return { name, plugin, tier, ...(order === undefined ? {} : { order }), optional, importMs };
}

async function importModule(
  request: PluginRequest,
  load: () => Promise<PluginModule>,
): Promise<PluginModule> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof KernelError && error.plugin !== undefined) throw error;
    throw fault(request, `cannot be loaded: ${messageOf(error)}`, error);
  }
}

async function importForeign(
  request: PluginRequest,
  { userFolder, importLimitMs = 10_000 }: LoaderOptions,
  modules: PluginModules | undefined,
): Promise<PluginModule> {
  if (modules === undefined) throw new KernelError('internal', 'no hooks for a foreign plugin');
  const { use, from } = request;
  const folders = from === undefined ? [userFolder] : [folderOf(from), userFolder];
  let url: string;
  try {
    url = modules.resolve(use, [...new Set(folders)]);
  } catch (error) {
    throw fault(request, `cannot be loaded: ${messageOf(error)}.${advice(use)}`, error);
  }
  // The limit's timer also keeps alive a process in which nothing else goes on, which would end without a word.
  return await within(modules.import(url), { limitMs: importLimitMs, what: 'its import' });
}

function advice(use: string): string {
  if (isPath(use)) return ' Paths are taken from the file that names them';
  const meant = didYouMean(use, Object.keys(builtins));
  return `${meant} Name a built-in plugin, write a path as ./${use}, or install the package beside the file that names it`;
}

/** A schema that is there is asked always, and what it makes of the options counts; a lazy one only when they changed. */
async function checkOptions(
  request: PluginRequest,
  module: PluginModule,
  { isValidated }: LoaderOptions,
): Promise<ConfigData> {
  const isLazy = typeof module.options === 'function';
  if (module.options === undefined || (isLazy && isValidated)) return request.options;
  const { parseOptions } = await import('./schema.ts');
  const path = ['plugins', request.name, 'options'];
  try {
    const parsed = await parseOptions(module.options, request.options, { path, ...request });
    return isLazy ? request.options : parsed;
  } catch (error) {
    if (error instanceof KernelError && error.code === 'invalid') throw error;
    throw fault(request, messageOf(error), error);
  }
}

function makePlugin(request: PluginRequest, module: PluginModule, options: ConfigData): Plugin {
  const factory = factoryOf(module);
  if (factory === undefined) {
    const what = module.default === undefined ? 'nothing' : typeof module.default;
    throw fault(
      request,
      `expected a default export that is a function (options) => plugin, but its default export is ${what}`,
    );
  }
  let plugin: unknown;
  try {
    plugin = factory(options);
  } catch (error) {
    throw fault(request, `its factory failed: ${messageOf(error)}`, error);
  }
  return checkPlugin(request, plugin);
}

function checkPlugin(request: PluginRequest, made: unknown): Plugin {
  const plugin: Partial<Record<keyof Plugin, unknown>> =
    typeof made === 'object' && made !== null ? made : {};
  if (typeof plugin.name !== 'string' || typeof plugin.setup !== 'function') {
    throw fault(
      request,
      'expected its factory to give { name, api: 1, setup }, but it gives something else',
    );
  }
  if (plugin.api !== 1) {
    throw fault(
      request,
      `it is made for level ${String(plugin.api)} of the plugin API, and this Spindle has level 1: update the older of the two`,
    );
  }
  return made as Plugin; // just checked
}

/** The default export; CommonJS made from a module has it one level deeper. */
function factoryOf({
  default: made,
}: PluginModule): ((options: ConfigData) => unknown) | undefined {
  const inner =
    typeof made === 'object' && made !== null && 'default' in made ? made.default : made;
  return typeof inner === 'function' ? (inner as (options: ConfigData) => unknown) : undefined; // any function may be tried
}

function checkNames(plugins: readonly LoadedPlugin[]): void {
  const owners = new Map<string, string>();
  for (const { name, plugin } of plugins) {
    const other = owners.get(plugin.name);
    if (other !== undefined) {
      throw new KernelError(
        'plugin',
        `plugins.${other} and plugins.${name} both give a plugin that calls itself "${plugin.name}": set one of the two to false`,
        { plugin: plugin.name },
      );
    }
    owners.set(plugin.name, name);
  }
}

function fault(request: PluginRequest, what: string, cause?: unknown): KernelError {
  const { name, use, from } = request;
  const where = from === undefined ? '' : `, named in ${from}`;
  const which = use === name ? name : `${name} (${use})`;
  return new KernelError('plugin', `plugin ${which}${where}: ${what}`, { plugin: name, cause });
}
