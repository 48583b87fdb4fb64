/** Opens a kernel for a folder: its configuration, its plugins, its settings. */

import type { Limits } from '../core/item.ts';
import { createKernel, type Kernel } from '../core/kernel.ts';
import type { PluginSpec } from '../core/plugin.ts';
import { mcpOptions } from './mcp.ts';
import { commandEnv } from './command-env.ts';
import type { ConfigData } from './key-path.ts';
import { type Configuration, dropStamp, loadConfig, type LoadOptions } from './load.ts';
import { type LoadedPlugins, loadPlugins } from './plugin-loader.ts';
import { type Job, planPlugins } from './plugin-plan.ts';
import { policyOptions } from './policies.ts';
import { resolveProvider } from './provider.ts';
import { settingsOf } from './settings.ts';

/** What a kernel is opened for. */
export interface OpenOptions extends LoadOptions, Job {
  /** Whether there must be a model; otherwise threads of a kernel without one cannot start a turn. */
  readonly needsModel: boolean;
  /** Bounds of a turn where the configuration names none. */
  readonly limits?: Limits;
  /** Options of plugins that come from the program, by name, made from the configuration. */
  readonly programOptions?: (configuration: Configuration) => Readonly<Record<string, object>>;
}

/** A kernel with what it was made from. Disposing ends both. */
export interface OpenKernel extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly configuration: Configuration;
  /** Optional plugins that could not be loaded, with what was wrong; empty when all is well. */
  readonly failed: LoadedPlugins['failed'];
  /** What importing each plugin took, by its own name; what starting it took is in `kernel/describe`. */
  readonly importMs: Readonly<Record<string, number>>;
}

/**
 * Loads the configuration of a folder and starts its plugins. Throws KernelError: `invalid` (the configuration),
 * `plugin` (one that does not load or start), `model_config` (no model where one is needed).
 */
export async function openKernel(options: OpenOptions): Promise<OpenKernel> {
  return openConfigured(await loadConfig(options), options);
}

/** The same for a configuration that is loaded. */
export async function openConfigured(
  configuration: Configuration,
  options: Omit<OpenOptions, keyof LoadOptions>,
): Promise<OpenKernel> {
  const provider = options.needsModel ? await resolveProvider(configuration) : undefined;
  const given: Readonly<Record<string, object>> = {
    ...policyOptions(configuration),
    mcp: mcpOptions(configuration),
    ...options.programOptions?.(configuration),
  };
  const requests = planPlugins(configuration, withProvider(options, provider)).map((request) => ({
    ...request,
    options: { ...request.options, ...(given[request.name] as ConfigData | undefined) }, // plain data
  }));
  await using started = new AsyncDisposableStack();
  const { paths, root, hashes, isValidated, config, policies, pins } = configuration;
  const guard = policies.length === 0 ? [] : [await guardOf(configuration)];
  const loaded = await loadPlugins(requests, {
    userFolder: paths.config,
    ...(pins === undefined ? {} : { pins }),
    ...(hashes === undefined ? {} : { guard: { root, hashes } }),
    isValidated,
    version: configuration.fingerprint.slice(0, 8),
  });
  started.defer(() => loaded[Symbol.dispose]());
  const kernel = await createKernel({
    plugins: [...guard, ...loaded.plugins],
    settings: settingsOf(configuration, provider),
    env: commandEnv(configuration.env),
    limits: { ...options.limits, ...config.limits },
    ...(config.choose === undefined ? {} : { choose: config.choose }),
    ...(config.resultBytes === undefined ? {} : { resultBytes: config.resultBytes }),
  });
  started.use(kernel);
  dropStamp(configuration);
  const owned = started.move();
  return {
    kernel,
    configuration,
    failed: loaded.failed,
    importMs: Object.fromEntries(
      loaded.plugins.map(({ plugin, importMs }) => [plugin.name, importMs]),
    ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What keeps managed policy while the kernel runs, before everything else. */
async function guardOf({ policies, layers }: Configuration): Promise<PluginSpec> {
  const { managedGuard } = await import('./managed-guard.ts');
  const managed = layers.filter(({ name }) => name === 'managed');
  return { plugin: managedGuard({ policies, layers: managed }), tier: 'managed', order: 'first' };
}

/** A built-in provider that is asked for by name, such as `scripted`, need not be listed among the plugins. */
function withProvider(job: Job, provider: string | undefined): Job {
  return provider === undefined ? job : { ...job, with: [...(job.with ?? []), provider] };
}
