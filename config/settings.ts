/** From the configuration to the defaults of new threads. */

import type { Settings } from '../core/item.ts';
import type { Config } from './keys.ts';
import { mergeLayers, sourceOf } from './layers.ts';
import type { Configuration } from './load.ts';
import { folderOf, pathOf } from './plugin-path.ts';

/** Settings of a new thread in the configuration's folder; `provider` is absent when the job needs no model. */
export function settingsOf(configuration: Configuration, provider?: string): Partial<Settings> {
  const { config, cwd } = configuration;
  return {
    cwd,
    roots: [cwd, ...rootsOf(configuration)],
    ...plainSettings(config),
    ...defined({ provider }),
  };
}

/**
 * What flags alone say, as far as managed policy lets them: it counts for a resumed thread too, which keeps the rest of
 * its settings.
 */
export function flagSettings({ layers }: Configuration): Partial<Settings> {
  const flags = layers.filter(({ name }) => name === 'flag');
  const said = mergeLayers(flags);
  const all = mergeLayers([...layers.filter(({ name }) => name === 'managed'), ...flags]);
  const config: Config = Object.fromEntries(Object.keys(said).map((key) => [key, all[key]]));
  const provider = config.provider === 'auto' ? undefined : config.provider;
  return { ...plainSettings(config), ...defined({ provider }) };
}

function plainSettings(config: Config): Partial<Settings> {
  const { model, effort, sandbox, approval, network, instructions, tools } = config;
  return defined({ model, effort, sandbox, approval, network, instructions, tools });
}

/**
 * Writable folders beside the workspace, absolute; relative ones are taken from the file that names them. What
 * `--add-dir` names comes to those of the files, and is taken from where the program was started.
 */
function rootsOf(configuration: Configuration): readonly string[] {
  const { config, layers, cwd } = configuration;
  const source = sourceOf(layers, ['roots']);
  const isAdded = source?.name === addDir;
  const folder = isAdded ? process.cwd() : folderOf(source?.file ?? `${cwd}/`);
  const roots = (config.roots ?? []).map((root) => pathOf(root, folder));
  if (!isAdded) return roots;
  const others = layers.filter(({ names }) => names?.['roots'] !== addDir);
  return [...rootsOf({ ...configuration, layers: others, config: mergeLayers(others) }), ...roots];
}

const addDir = '--add-dir';

/** Without the keys that are `undefined`. */
function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }; // only undefined is gone
}
