/** Which plugins a configuration asks for, in which order, with which options. Nothing is loaded here. */

import { join } from 'node:path';
import { KernelError } from '../core/errors.ts';
import type { Tier } from '../core/slot.ts';
import { readableSkills } from './agent-folders.ts';
import { builtins, type Slot } from './builtin.ts';
import { hooksOf } from './hooks.ts';
import type { ConfigData } from './key-path.ts';
import type { PluginEntry } from './keys.ts';
import { type LayerName, type Sourced, sourceOf } from './layers.ts';
import type { Configuration } from './load.ts';
import { folderOf, isPath, pathOf } from './plugin-path.ts';
import { defaultPreset } from './presets/default.ts';
import { secretsIn } from './redact.ts';
import { didYouMean } from './suggest.ts';

/** A plugin to load. */
export interface PluginRequest {
  /** Its name in the configuration. */
  readonly name: string;
  /** A built-in name, a path, or a package. */
  readonly use: string;
  /** The configuration file (or folder, for a flag) that names it; absent for the preset. */
  readonly from?: string;
  readonly tier: Tier;
  readonly options: ConfigData;
  readonly order?: 'first' | 'last';
  readonly optional: boolean;
}

/** What the plugins are for. What a job does not need is left out, unless it is not ours and may fill any slot. */
export interface Job {
  /** Slots of built-in plugins; default: all. */
  readonly slots?: readonly Slot[];
  /** Built-in plugins that come in beside the preset, such as the front end to run. */
  readonly with?: readonly string[];
}

/** The plugins of a configuration for a job, in order. Throws KernelError `invalid` naming the key. */
export function planPlugins(configuration: Configuration, job: Job = {}): readonly PluginRequest[] {
  const entries = namedEntries(configuration, job);
  const requests = entries
    .filter(([, entry]) => entry !== false)
    .map(([name, entry]) => requestOf(configuration, name, entry === true ? {} : entry || {}))
    .filter(({ use }) => isNeeded(use, job));
  return inOrder(requests, new Map(entries));
}

type NamedEntry = readonly [name: string, entry: boolean | PluginEntry];

function namedEntries({ config }: Configuration, job: Job): readonly NamedEntry[] {
  const configured = config.plugins ?? {};
  const asked = (['toolchain', 'hooks'] as const).filter((name) => config[name] !== undefined);
  // Of what a job asks for beside the preset, a name that is not ours is some plugin's model.
  const added = (job.with ?? []).filter((name) => builtinOf(name) !== undefined);
  const preset = [...defaultPreset, ...asked, ...added];
  const names = new Set([...preset, ...Object.keys(configured)]);
  return [...names].map((name) => [name, configured[name] ?? true]);
}

function isNeeded(use: string, { slots }: Job): boolean {
  const builtin = builtinOf(use);
  return builtin === undefined || slots === undefined || slots.includes(builtin.slot);
}

function builtinOf(use: string) {
  return Object.hasOwn(builtins, use) ? builtins[use] : undefined;
}

function requestOf(configuration: Configuration, name: string, entry: PluginEntry): PluginRequest {
  const { layers, cwd } = configuration;
  const use = entry.use ?? name;
  const source = namedBy(layers, name);
  const isOurs = builtinOf(use) !== undefined;
  const tier = tierOf(isOurs && source?.layer === 'repository' ? undefined : source?.layer);
  const from = source?.file ?? (source === undefined ? undefined : `${cwd}/`);
  return {
    name,
    use,
    ...(from === undefined ? {} : { from }),
    tier,
    options: { ...sectionOf(configuration, { name, use, tier }), ...entry.options },
    ...orderOf(name, entry),
    optional: entry.optional === true,
  };
}

/** Whose plugin it is. What is managed is taken whole, so nobody else's `use` makes it theirs. */
function namedBy(layers: Configuration['layers'], name: string): Sourced | undefined {
  const whole = sourceOf(layers, ['plugins', name]);
  if (whole?.layer === 'managed') return whole;
  return sourceOf(layers, ['plugins', name, 'use']) ?? whole;
}

/** What plugins of ours are told of the configuration, or of the machine, beside their own options. */
const given: Readonly<Record<string, (configuration: Configuration) => ConfigData>> = {
  toolchain: ({ config }) => config.toolchain ?? {},
  secrets: ({ config }) => ({ configured: secretsIn(config) }),
  hooks: ({ layers, paths }) => ({ events: hooksOf(layers), transcripts: paths.threads }),
  audit: ({ paths }) => ({ directory: paths.audit }),
  checkpoints: ({ paths }) => ({ directory: paths.checkpoints }),
  'cache-guard': ({ config }) =>
    config.strictCache === undefined ? {} : { strict: config.strictCache },
  jsonl: ({ paths }) => ({ directory: paths.threads }),
  commands: ({ agents: { commands: folders, trusted } }) => ({ folders, trusted }),
  agents: ({ agents: { agents: folders, trusted } }) => ({ folders, trusted }),
  skills: ({ agents: { skills: folders, trusted } }) => ({ folders, trusted }),
  bubblewrap: ({ agents }) => ({ readable: readableSkills(agents) }),
  'agents-md': ({ paths }) => ({ userFile: join(paths.config, 'AGENTS.md') }),
};

/** Options that come from elsewhere than the plugin's own entry. */
function sectionOf(
  configuration: Configuration,
  { name, use, tier }: { name: string; use: string; tier: Tier },
): ConfigData {
  const { config, layers } = configuration;
  const own = Object.hasOwn(given, use) ? given[use] : undefined;
  if (own !== undefined) return own(configuration);
  // A repository's plugin never gets what the user keeps for a built-in one of the same name.
  const section = tier === 'repository' ? {} : (config.providers?.[name] ?? {});
  if (builtinOf(use)?.slot !== 'models') return section;
  const file = sourceOf(layers, ['providers', name, 'ca'])?.file;
  return { ...withCertificates(section, file), ...(name === use ? {} : { name }) };
}

/** A file of certificates is taken from the configuration file that names it. */
function withCertificates(section: ConfigData, file: string | undefined): ConfigData {
  const { ca } = section;
  if (typeof ca !== 'string' || !isPath(ca) || file === undefined) return section;
  return { ...section, ca: pathOf(ca, folderOf(file)) };
}

function orderOf(name: string, { order }: PluginEntry): { readonly order?: 'first' | 'last' } {
  if (order !== undefined) return { order };
  // It needs no model and always yields a window, so it stands behind all other compactors.
  return name === 'prune' ? { order: 'last' } : {};
}

function tierOf(layer: LayerName | undefined): Tier {
  return layer === 'managed' || layer === 'repository' ? layer : 'user';
}

/** Puts every entry with `before` or `after` where it wants to stand. */
function inOrder(
  requests: readonly PluginRequest[],
  entries: ReadonlyMap<string, boolean | PluginEntry>,
): readonly PluginRequest[] {
  const sorted = [...requests];
  for (const request of requests) {
    const entry = entries.get(request.name);
    if (typeof entry !== 'object') continue;
    const target = entry.before ?? entry.after;
    if (target === undefined) continue;
    if (!entries.has(target)) throw noSuchNeighbour(request.name, target, entries.keys());
    sorted.splice(sorted.indexOf(request), 1);
    const place = sorted.findIndex(({ name }) => name === target);
    if (place < 0) sorted.push(request);
    else sorted.splice(entry.before === undefined ? place + 1 : place, 0, request);
  }
  return sorted;
}

function noSuchNeighbour(name: string, target: string, known: Iterable<string>): KernelError {
  return new KernelError(
    'invalid',
    `plugins.${name} wants to stand beside "${target}", which is no plugin here.${didYouMean(target, known)} "spindle plugin list" shows them all`,
  );
}
